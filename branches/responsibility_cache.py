"""In-process cache of places and their responsible organisations, keyed by register version.

A cache belongs to one version and one day; when either differs, an empty cache replaces it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from branches.models import Responsibility
from config.lib import register_cache
from config.lib.register_cache import RegisterCache
from grids.enums import Level
from grids.models import Area

MAX_AREAS = 5_000  # entries; a few megabytes


@dataclass
class _Places:
    """Places and their responsibilities, of one register version and day."""

    areas: dict[int, Area] = field(default_factory=dict)
    responsible: dict[int, tuple[Responsibility, ...]] = field(default_factory=dict)


_CACHE = RegisterCache(_Places)


def responsible_for(
    area_id: int, day: dt.date, register_version: int | None = None
) -> tuple[tuple[Area, ...], tuple[Responsibility, ...]] | None:
    """Return a place's ancestors (city first) and all responsibilities in season on `day`.

    Returns None if the place does not exist. Pass `register_version` if the caller has just read
    it: then a cached place costs no query, otherwise one. An uncached place costs four more, and
    its whole community is read with it. Callers share the rows and must not modify them.
    """
    cache = _current(day, register_version)
    if area_id not in cache.responsible:
        place = Area.objects.filter(pk=area_id).first()
        if place is None:
            return None
        _read_community(cache, place, day)
    place = cache.areas.get(area_id)
    if place is None or not cache.responsible.keys() >= set(place.ancestor_ids):
        return None  # moved or deleted while it was being read
    ids = place.ancestor_ids
    rows = tuple(row for pk in reversed(ids) for row in cache.responsible[pk])
    return tuple(cache.areas[pk] for pk in ids), rows


def _read_community(cache: _Places, place: Area, day: dt.date) -> None:
    """Read a place, its ancestors, and all other places of its community."""
    ancestors = list(Area.objects.filter(pk__in=place.ancestor_ids).order_by())
    top = next((row.path for row in ancestors if row.level == Level.COMMUNITY), place.path)
    areas = {row.pk: row for row in ancestors}
    if place.level >= Level.COMMUNITY:
        areas |= {row.pk: row for row in Area.objects.filter(path__startswith=top).order_by()}
    responsible = _responsibilities(areas, day)
    cache.areas |= areas
    cache.responsible |= responsible  # last: other threads take an entry here as complete


def _current(day: dt.date, register_version: int | None) -> _Places:
    version = register_cache.read_version() if register_version is None else register_version
    cache = _CACHE.get(version, day)
    if len(cache.areas) > MAX_AREAS:
        _CACHE.clear()
        cache = _CACHE.get(version, day)
    return cache


def _responsibilities(ids: Iterable[int], day: dt.date) -> dict[int, tuple[Responsibility, ...]]:
    rows = Responsibility.objects.responsible_for(ids, day).select_related(None)
    by_area: dict[int, list[Responsibility]] = {pk: [] for pk in ids}
    for row in rows.select_related("organisation", "area"):
        if row.is_in_season(day):
            by_area[row.area_id].append(row)
    return {pk: tuple(rows) for pk, rows in by_area.items()}
