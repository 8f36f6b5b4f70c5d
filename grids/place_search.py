"""Autocomplete of places for staff and residents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from django.utils.translation import gettext as _

from config.lib.db import tree_paths
from config.lib.text_forms import fold_characters
from config.lib.viewer import Viewer
from grids import place_names
from grids.enums import Level
from grids.models import MAX_QUERY_LENGTH, Area, AreaQuerySet

MIN_PUBLIC_QUERY_LENGTH = 2
MAX_RESULTS = 8
CONTEXT_LEVELS = (Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)


class Suggestion(TypedDict):
    """One suggestion: id, label, and the surrounding places as detail."""

    id: int
    label: str
    detail: str


class Suggestions(TypedDict):
    """The JSON answer of an autocomplete request.

    `rest` is what was typed behind the building; with `is_near` no place has the typed name.
    """

    results: list[Suggestion]
    rest: NotRequired[str]
    is_near: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class PlaceMatches:
    """The places that a typed text can mean, best first, at most eight.

    `rest` is what was typed behind the building (`3单元501`). With `is_near` no place has the typed
    name; the places are those whose name differs in one character.
    """

    areas: list[Area]
    rest: str = ""
    is_near: bool = False

    def suggestions(self) -> Suggestions:
        """Return the matches as the answer of an autocomplete request."""
        answer = Suggestions(results=listed(self.areas, is_near=self.is_near))
        if self.rest:
            answer["rest"] = self.rest
        if self.is_near:
            answer["is_near"] = True
        return answer


def find(places: AreaQuerySet, typed: str) -> PlaceMatches:
    """Find places by the text typed; else by building number and what follows; else near misses.

    One query if the text matches, three at most.
    """
    text = fold_characters(typed).lower().strip()[:MAX_QUERY_LENGTH]
    areas = list(places.search(text)[:MAX_RESULTS])
    if areas:
        return PlaceMatches(areas)
    name, rest = place_names.split_building(text)
    if name != text:
        areas = list(places.numbered(name).search(name)[:MAX_RESULTS])
    if areas:
        return PlaceMatches(areas, rest)
    areas = list(places.near(name)[:MAX_RESULTS])
    return PlaceMatches(areas, rest, is_near=bool(areas))


def rest_of(area: Area, typed: str) -> str:
    """Return what was typed behind the full name of a place and a space; empty for other text."""
    name, rest = f"{area.full_name} ", typed.strip()
    return rest.removeprefix(name).strip() if rest.startswith(name) else ""


def suggest(viewer: Viewer, typed: str, day: dt.date) -> Suggestions:
    """Suggest reportable places within the viewer's scope."""
    return find(Area.objects.visible_to(viewer).reportable(day), typed).suggestions()


def public_find(typed: str, day: dt.date) -> PlaceMatches:
    """Find places for a resident, from two characters on."""
    if len(fold_characters(typed).strip()) < MIN_PUBLIC_QUERY_LENGTH:
        return PlaceMatches([])
    return find(Area.objects.reportable(day), typed)


def public_suggest(typed: str, day: dt.date) -> Suggestions:
    """Suggest places to a resident: at most eight, from two characters on."""
    return public_find(typed, day).suggestions()


def listed(places: Sequence[Area], *, is_near: bool = False) -> list[Suggestion]:
    """Return suggestions for `places`; one query reads the names of their ancestors."""
    ancestors = Area.objects.in_bulk({pk for place in places for pk in place.ancestor_ids[:-1]})
    return [
        Suggestion(
            id=place.pk,
            label=place.full_name,
            detail=" · ".join([*([_("名称相近")] if is_near else []), *_chain(place, ancestors)]),
        )
        for place in places
    ]


def _chain(place: Area, ancestors: dict[int, Area]) -> list[str]:
    chain = [ancestors[pk] for pk in tree_paths.ids_of(place.path)[:-1]]
    return [area.name for area in chain if area.level in CONTEXT_LEVELS]
