"""Answers for the boxes in which people choose a place while typing."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict

from config.lib import trees
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.models import Area
from grids.querysets import AreaQuerySet

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
    return _listed(Area.objects.visible_to(viewer).filable(day).search(typed))


def public_suggest(typed: str, day: dt.date) -> Suggestions:
    """Suggest places to a resident: from two characters on, at most eight."""
    if len(typed.strip()) < SHORTEST_PUBLIC_QUERY:
        return Suggestions(results=[])
    return _listed(Area.objects.filable(day).search(typed))


def _listed(found: AreaQuerySet) -> Suggestions:
    """Two queries: the places, and the names around them."""
    places = list(found[:MOST_RESULTS])
    around = Area.objects.in_bulk({pk for place in places for pk in place.ancestor_ids[:-1]})
    return Suggestions(
        results=[
            Suggestion(id=place.pk, label=place.full_name, detail=_detail(place, around))
            for place in places
        ]
    )


def _detail(place: Area, around: dict[int, Area]) -> str:
    chain = [around[pk] for pk in trees.ids_of(place.path)[:-1]]
    return " · ".join(area.name for area in chain if area.level in CONTEXT_LEVELS)
