"""Working calendars of places, cached per process and register version."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby

from config.lib.register_cache import RegisterCache
from grids.calendar.working_time import Block, Season, WorkCalendar
from grids.enums import DayKind
from grids.models import CalendarDay, OfficeHours

NOTICE_MONTH = 11  # the State Council's notice for the next year comes in November


@dataclass(frozen=True, slots=True)
class _CalendarRows:
    """Contents of the two calendar tables at one moment."""

    days: dict[int, dict[dt.date, bool]]
    years: dict[int, set[int]]
    seasons: dict[int, tuple[Season, ...]]
    built: dict[tuple[int, ...], WorkCalendar] = field(default_factory=dict)

    @property
    def regions(self) -> set[int]:
        return self.days.keys() | self.seasons.keys()


def for_path(area_path: str) -> WorkCalendar:
    """Return the working calendar of a place, given its path.

    Day by day the nearest region with a row decides, so a regional holiday overrides the national
    calendar; office hours come from the nearest region that has any. No query while the register
    version stays the same.
    """
    rows = _CACHE.get()
    chain = tuple(int(part) for part in area_path.split(".") if part)
    regions = rows.regions
    key = tuple(region for region in chain if region in regions)
    calendar = rows.built.get(key)
    if calendar is None:
        calendar = rows.built[key] = _build(rows, key)
    return calendar


def missing_year_notice(today: dt.date) -> list[int]:
    """Return the years that need a published calendar now and have none.

    The current year always; the next year from 1 November, when its notice is due. A year counts
    as known if it has a national holiday or make-up day; regional days alone do not suffice.
    """
    known = set().union(*_CACHE.get().years.values())
    needed = [today.year, *([today.year + 1] if today.month >= NOTICE_MONTH else [])]
    return [year for year in needed if year not in known]


def _read() -> _CalendarRows:
    days: dict[int, dict[dt.date, bool]] = defaultdict(dict)
    years: dict[int, set[int]] = defaultdict(set)
    rows = CalendarDay.objects.values_list("region_id", "date", "is_workday", "kind")
    for region, date, is_workday, kind in rows:
        days[region][date] = is_workday
        if kind != DayKind.REGIONAL:
            years[region].add(date.year)
    hours = OfficeHours.objects.order_by("region_id", "season_from", "season_to", "opens")
    seasons: dict[int, tuple[Season, ...]] = {}
    for (region, first, last), blocks in groupby(
        hours, key=lambda row: (row.region_id, row.season_from, row.season_to)
    ):
        season = Season(first, last, tuple(Block(row.opens, row.closes) for row in blocks))
        seasons[region] = (*seasons.get(region, ()), season)
    return _CalendarRows(dict(days), dict(years), seasons)


def _build(rows: _CalendarRows, chain: tuple[int, ...]) -> WorkCalendar:
    """Merge the rows of `chain` (city first); rows of nearer regions override."""
    days: dict[dt.date, bool] = {}
    years: set[int] = set()
    seasons: tuple[Season, ...] = ()
    for region in chain:
        days.update(rows.days.get(region, {}))
        years |= rows.years.get(region, set())
        seasons = rows.seasons.get(region, seasons)
    return WorkCalendar(days=days, seasons=seasons, known_years=frozenset(years))


_CACHE = RegisterCache(_read)
