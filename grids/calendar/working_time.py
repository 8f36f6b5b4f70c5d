"""Working-time arithmetic: add and measure working time, flag provisional results. Pure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from config.lib.db.validity import in_season

OFFICIAL_ZONE = ZoneInfo("Asia/Shanghai")  # offices in Xinjiang keep Beijing time, not Urumqi's
ONE_DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
NOTHING = dt.timedelta()
SATURDAY = 5


class Due(NamedTuple):
    """An instant computed by adding working time.

    `provisional` is True if a year on the way has no published calendar, so that only weekends
    were known.
    """

    at: dt.datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A block of office hours, from `opens` up to but not including `closes`."""

    opens: dt.time
    closes: dt.time

    @property
    def starts(self) -> dt.timedelta:
        """Time from midnight to the opening."""
        return _since_midnight(self.opens)

    @property
    def length(self) -> dt.timedelta:
        """Working time in the block."""
        return _since_midnight(self.closes) - _since_midnight(self.opens)


@dataclass(frozen=True, slots=True)
class Season:
    """The blocks of each working day from `first` to `last` (month-day, may wrap the year)."""

    first: str
    last: str
    blocks: tuple[Block, ...]


DEFAULT_BLOCKS = (
    Block(dt.time(10), dt.time(14)),
    Block(dt.time(15, 30), dt.time(19, 30)),
)


@dataclass(frozen=True, slots=True)
class _Year:
    """Working time of one year: blocks of each day, and working time before each day."""

    first: dt.date
    blocks: tuple[tuple[Block, ...], ...]
    before: tuple[dt.timedelta, ...]

    @property
    def total(self) -> dt.timedelta:
        return self.before[-1]


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working hours: exceptions by day, blocks by season, otherwise Monday to Friday.

    `days` maps days that differ from their weekday to True (worked) or False. `known_years` have a
    published notice; results that involve another year are provisional. A working day that no
    season covers has the default winter blocks.
    """

    days: Mapping[dt.date, bool]
    seasons: tuple[Season, ...]
    known_years: frozenset[int]
    tz: ZoneInfo = OFFICIAL_ZONE
    _years: dict[int, _Year] = field(default_factory=dict, compare=False, repr=False)

    @property
    def day_minutes(self) -> int:
        """Working minutes of one working day (480 in both of Xinjiang's seasons)."""
        blocks = self.seasons[0].blocks if self.seasons else DEFAULT_BLOCKS
        return _total(blocks) // MINUTE

    def add(self, start: dt.datetime, amount: dt.timedelta) -> Due:
        """Return the earliest instant at which `amount` of working time has passed since `start`.

        Work that ends exactly at closing time is due at closing, not at the next opening. Seconds
        are kept. A zero amount returns `start`. Monotone and additive:
        `add(add(t, a), b) == add(t, a + b)`. Raises ValueError for a negative amount.
        """
        if amount < NOTHING:
            raise ValueError("working time is added forwards only")
        local = self._local(start)
        end = self._advance(local, amount) if amount else local
        return Due(self._aware(end), bool(self.missing_years(local.date(), end.date())))

    def add_minutes(self, start: dt.datetime, minutes: int) -> Due:
        """Return the instant at which `minutes` of working time have passed; see `add`."""
        return self.add(start, minutes * MINUTE)

    def add_working_days(self, start: dt.datetime, days: int) -> Due:
        """Return the same position in the working day, `days` working days later."""
        return self.add_minutes(start, days * self.day_minutes)

    def minutes_between(self, earlier: dt.datetime, later: dt.datetime) -> int:
        """Return the whole working minutes between two instants; negative if swapped."""
        if later < earlier:
            return -self.minutes_between(later, earlier)
        return self.time_between(earlier, later) // MINUTE

    def time_between(self, earlier: dt.datetime, later: dt.datetime) -> dt.timedelta:
        """Return the working time from one instant to a later one, seconds included."""
        a, b = self._local(earlier), self._local(later)
        years = sum((self._year(y).total for y in range(a.year, b.year)), NOTHING)
        return years + self._elapsed(b) - self._elapsed(a)

    def is_working(self, at: dt.datetime) -> bool:
        """Return whether offices are open at this instant (closed at closing time itself)."""
        local = self._local(at)
        return any(b.opens <= local.time() < b.closes for b in self._blocks(local.date()))

    def next_opening(self, at: dt.datetime) -> dt.datetime:
        """Return `at` itself while offices are open, otherwise the next opening."""
        if self.is_working(at):
            return at
        local = self._local(at)
        day = local.date()
        while True:
            for block in self._blocks(day):
                opening = dt.datetime.combine(day, block.opens)
                if opening >= local:
                    return self._aware(opening)
            day += ONE_DAY

    def missing_years(self, first: dt.date, last: dt.date) -> list[int]:
        """Return the years from `first` to `last` without a published calendar."""
        return [y for y in range(first.year, last.year + 1) if y not in self.known_years]

    def is_workday(self, day: dt.date) -> bool:
        """Return whether `day` is worked: by its own row, otherwise Monday to Friday."""
        return self.days.get(day, day.weekday() < SATURDAY)

    def without_years(self, *years: int) -> WorkCalendar:
        """Return the calendar as it was before the days of these years were published."""
        return WorkCalendar(
            days={day: is_worked for day, is_worked in self.days.items() if day.year not in years},
            seasons=self.seasons,
            known_years=self.known_years - {*years},
            tz=self.tz,
        )

    def season_hours(self, day: dt.date) -> tuple[Block, ...]:
        """Return the registered blocks of the season of `day`; empty if none are registered."""
        for season in self.seasons:
            if in_season(day, season.first, season.last):
                return season.blocks
        return ()

    def _local(self, at: dt.datetime) -> dt.datetime:
        return at.astimezone(self.tz).replace(tzinfo=None)

    def _aware(self, local: dt.datetime) -> dt.datetime:
        return local.replace(tzinfo=self.tz)

    def _blocks(self, day: dt.date) -> tuple[Block, ...]:
        return self._year(day.year).blocks[day.timetuple().tm_yday - 1]

    def _elapsed(self, local: dt.datetime) -> dt.timedelta:
        """Return the working time from 1 January to `local`."""
        year = self._year(local.year)
        index = local.timetuple().tm_yday - 1
        today = local - dt.datetime.combine(local.date(), dt.time())
        worked = sum((_part(block, today) for block in year.blocks[index]), NOTHING)
        return year.before[index] + worked

    def _advance(self, local: dt.datetime, amount: dt.timedelta) -> dt.datetime:
        target = self._elapsed(local) + amount
        number = local.year
        while target > self._year(number).total:
            target -= self._year(number).total
            number += 1
        year = self._year(number)
        index = bisect_left(year.before, target) - 1  # the day during which it is reached
        left = target - year.before[index]
        for block in year.blocks[index]:
            if left <= block.length:
                midnight = dt.datetime.combine(year.first + index * ONE_DAY, dt.time())
                return midnight + block.starts + left
            left -= block.length
        raise AssertionError("a day holds the working time counted for it")

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._build_year(number)
        return year

    def _build_year(self, number: int) -> _Year:
        first = dt.date(number, 1, 1)
        count = (dt.date(number, 12, 31) - first).days + 1
        days = [first + index * ONE_DAY for index in range(count)]
        blocks = tuple(self._season_blocks(day) if self.is_workday(day) else () for day in days)
        before = accumulate((_total(b) for b in blocks), initial=NOTHING)
        return _Year(first, blocks, tuple(before))

    def _season_blocks(self, day: dt.date) -> tuple[Block, ...]:
        return self.season_hours(day) or DEFAULT_BLOCKS


def _since_midnight(local: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)


def _total(blocks: tuple[Block, ...]) -> dt.timedelta:
    return sum((block.length for block in blocks), NOTHING)


def _part(block: Block, today: dt.timedelta) -> dt.timedelta:
    """Return how much of `block` has passed at `today`, the time since midnight."""
    return min(max(today - block.starts, NOTHING), block.length)
