"""Autocomplete of places for staff and residents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict

from config.lib.db import tree_paths
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.models import Area

MIN_PUBLIC_QUERY_LENGTH = 2
MAX_RESULTS = 8
CONTEXT_LEVELS = (Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)


class Suggestion(TypedDict):
    """One suggestion: id, label, and the surrounding places as detail."""

    id: int
    label: str
    detail: str


class Suggestions(TypedDict):
    """The JSON answer of an autocomplete request."""

    results: list[Suggestion]


def suggest(viewer: Viewer, typed: str, day: dt.date) -> Suggestions:
    """Suggest reportable places within the viewer's scope."""
    places = Area.objects.visible_to(viewer).reportable(day).search(typed)
    return Suggestions(results=listed(list(places[:MAX_RESULTS])))


def public_suggest(typed: str, day: dt.date) -> Suggestions:
    """Suggest places to a resident: at most eight, from two characters on."""
    if len(typed.strip()) < MIN_PUBLIC_QUERY_LENGTH:
        return Suggestions(results=[])
    places = Area.objects.reportable(day).search(typed)
    return Suggestions(results=listed(list(places[:MAX_RESULTS])))


def listed(places: Sequence[Area]) -> list[Suggestion]:
    """Return suggestions for `places`; one query reads the names of their ancestors."""
    ancestors = Area.objects.in_bulk({pk for place in places for pk in place.ancestor_ids[:-1]})
    return [
        Suggestion(id=place.pk, label=place.full_name, detail=_detail(place, ancestors))
        for place in places
    ]


def _detail(place: Area, ancestors: dict[int, Area]) -> str:
    chain = [ancestors[pk] for pk in tree_paths.ids_of(place.path)[:-1]]
    return " · ".join(area.name for area in chain if area.level in CONTEXT_LEVELS)
