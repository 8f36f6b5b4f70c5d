"""Places with who answers for each, held in the process for as long as no register changes.

The database numbers every change of places, organisations and responsibilities (its edition, by
triggers). What is held belongs to one edition and one day; another number, and it is read anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from branches.models import Responsibility
from grids.enums import Level
from grids.models import Area

MOST = 5_000  # places; what many buildings cost in memory, a few megabytes


@dataclass
class _Cache:
    """What is known of one edition on one day."""

    stamp: tuple[int, dt.date]
    areas: dict[int, Area] = field(default_factory=dict)
    answering: dict[int, tuple[Responsibility, ...]] = field(default_factory=dict)


_now: _Cache | None = None


def responsible_for(
    area_id: int, day: dt.date, edition: int | None = None
) -> tuple[tuple[Area, ...], tuple[Responsibility, ...]] | None:
    """Return a place's chain, the city first, and everybody answering for it on `day`, in season.

    None if there is no such place. `edition` is the registers' number if the caller has just read
    it: then no query where the place is held already, otherwise one. Where it is not held, four
    more: its whole community is read with it. The rows are everybody's: they are read, never
    changed.
    """
    held = _current(day, edition)
    if area_id not in held.answering:
        place = Area.objects.filter(pk=area_id).first()
        if place is None:
            return None
        _read_around(held, place)
    place = held.areas.get(area_id)
    if place is None or not held.answering.keys() >= set(place.ancestor_ids):
        return None  # moved or gone while it was being read
    ids = place.ancestor_ids
    found = tuple(row for pk in reversed(ids) for row in held.answering[pk])
    return tuple(held.areas[pk] for pk in ids), found


def _read_around(held: _Cache, place: Area) -> None:
    """Read a place, what is above it, and all else in its community."""
    above = list(Area.objects.filter(pk__in=place.ancestor_ids).order_by())
    top = next((row.path for row in above if row.level == Level.COMMUNITY), place.path)
    areas = {row.pk: row for row in above}
    if place.level >= Level.COMMUNITY:
        areas |= {row.pk: row for row in Area.objects.filter(path__startswith=top).order_by()}
    answering = _answering(areas, held.stamp[1])
    held.areas |= areas
    held.answering |= answering  # last: what stands here is known whole


def _current(day: dt.date, edition: int | None) -> _Cache:
    global _now  # noqa: PLW0603 - one for the whole process; threads may each make one anew
    if edition is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM branches_edition")
            (edition,) = cursor.fetchone()
    held = _now
    if held is None or held.stamp != (edition, day) or len(held.areas) > MOST:
        held = _now = _Cache((edition, day))
    return held


def _answering(ids: Iterable[int], day: dt.date) -> dict[int, tuple[Responsibility, ...]]:
    rows = Responsibility.objects.responsible_for(ids, day).select_related(None)
    found: dict[int, list[Responsibility]] = {pk: [] for pk in ids}
    for row in rows.select_related("organisation", "area"):
        if row.is_in_season(day):
            found[row.area_id].append(row)
    return {pk: tuple(rows) for pk, rows in found.items()}
