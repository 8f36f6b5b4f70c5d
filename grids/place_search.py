"""Answers for the boxes in which people choose a place while typing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict

from config.lib.db import tree_paths
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.models import Area

SHORTEST_PUBLIC_QUERY = 2
MOST_RESULTS = 8
CONTEXT_LEVELS = (Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)


class Suggestion(TypedDict):
    """One line of the list under the box."""

    id: int
    label: str
    detail: str


class Suggestions(TypedDict):
    """The list under the box."""

    results: list[Suggestion]


def suggest(viewer: Viewer, typed: str, day: dt.date) -> Suggestions:
    """Suggest places a report can be filed at, among those the viewer reaches."""
    found = Area.objects.visible_to(viewer).reportable(day).search(typed)
    return Suggestions(results=listed(list(found[:MOST_RESULTS])))


def public_suggest(typed: str, day: dt.date) -> Suggestions:
    """Suggest places to a resident: from two characters on, at most eight."""
    if len(typed.strip()) < SHORTEST_PUBLIC_QUERY:
        return Suggestions(results=[])
    found = Area.objects.reportable(day).search(typed)
    return Suggestions(results=listed(list(found[:MOST_RESULTS])))


def listed(places: Sequence[Area]) -> list[Suggestion]:
    """Return places to choose from, each with what it lies in; one query for the names around."""
    around = Area.objects.in_bulk({pk for place in places for pk in place.ancestor_ids[:-1]})
    return [
        Suggestion(id=place.pk, label=place.full_name, detail=_detail(place, around))
        for place in places
    ]


def _detail(place: Area, around: dict[int, Area]) -> str:
    chain = [around[pk] for pk in tree_paths.ids_of(place.path)[:-1]]
    return " · ".join(area.name for area in chain if area.level in CONTEXT_LEVELS)
