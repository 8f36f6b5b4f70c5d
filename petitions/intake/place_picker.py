"""Choosing a place on public pages: by typing, or level by level from the subdistricts down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from config.lib import text_forms
from grids import place_search
from grids.enums import Level
from grids.models import Area, AreaQuerySet, PlaceQr
from grids.place_search import Suggestion

MAX_QUERY_LENGTH = 60
MAX_ID_DIGITS = 18  # of a 64-bit integer


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A place in the list; with `has_children` it is a link one level down, else a choice."""

    pk: int
    name: str
    has_children: bool


@dataclass(frozen=True, slots=True)
class PlacePicker:
    """Context of the place picker: the search results, or the places below `current`.

    `rest` and `is_near` as in `PlaceMatches`.
    """

    query: str
    results: list[Suggestion] = field(default_factory=list)
    ancestors: list[Area] = field(default_factory=list)
    current: Area | None = None
    rest: str = ""
    is_near: bool = False
    children: list[PlaceChoice] = field(default_factory=list)

    @property
    def is_reportable(self) -> bool:
        """Tell whether `current` itself can be chosen, and not only a place below it."""
        return self.current is not None and self.current.level >= Level.COMMUNITY

    @property
    def is_top(self) -> bool:
        """Tell whether the list is the one of the subdistricts."""
        return self.current is None or self.current.level == Level.CITY


def load_picker(query: str, parent: str, day: dt.date) -> PlacePicker:
    """Search for `query`; without a query list the places below `parent`, at first the city."""
    query = query.strip()[:MAX_QUERY_LENGTH]
    if query:
        matches = place_search.public_find(query, day)
        results = matches.suggestions()["results"]
        return PlacePicker(query, results=results, rest=matches.rest, is_near=matches.is_near)
    current = _parent(parent, day)
    if current is None:
        return PlacePicker(query)
    chain = Area.objects.filter(pk__in=current.ancestor_ids[:-1]).order_by("path")
    ancestors = [area for area in chain if area.level != Level.GRID]
    children = _children(current, day)
    return PlacePicker(query, ancestors=ancestors, current=current, children=children)


def reportable_place(pk: object, day: dt.date) -> Area | None:
    """Return the place with this id if a report can be made there on `day`."""
    if not str(pk).isdecimal() or len(str(pk)) > MAX_ID_DIGITS:
        return None
    return Area.objects.reportable(day).filter(pk=int(str(pk))).first()


def place_of_qr(code: str, day: dt.date) -> tuple[Area | None, bool]:
    """Return the place of a printed QR code, and whether the code was ever issued.

    The code may be typed from the poster: in any width and case, with separators.
    A revoked code, or one of a place that is no longer valid, gives no place.
    """
    spellings = {code, text_forms.fold_code(code).lower()}
    row = PlaceQr.objects.select_related("area").filter(code__in=spellings).first()
    if row is None:
        return None, False
    is_valid = row.revoked_at is None and row.area.is_valid_on(day)
    return (row.area if is_valid else None), True


def _parent(pk: str, day: dt.date) -> Area | None:
    areas = Area.objects.on(day)
    if pk.isdecimal() and len(pk) < MAX_ID_DIGITS:
        area = areas.filter(pk=int(pk)).first()
        if area is not None:
            return area
    return areas.filter(level=Level.CITY).order_by("path").first()


def _children(parent: Area, day: dt.date) -> list[PlaceChoice]:
    """Return the places to choose from below `parent`; grids are internal and never shown."""
    areas = Area.objects.on(day)
    if parent.level < Level.COMMUNITY:
        return _choices(areas.filter(parent=parent), day)
    if parent.level < Level.ESTATE:
        is_shown = Q(level=Level.ESTATE) | Q(level=Level.BUILDING, parent__level__lt=Level.ESTATE)
        return _choices(areas.below(parent).filter(is_shown), day)
    if parent.level == Level.ESTATE:
        return _choices(_buildings(areas, parent), day)
    return []


def _buildings(areas: AreaQuerySet, estate: Area) -> AreaQuerySet:
    """Return the buildings of an estate, including its parts that lie in other grids."""
    community = "".join(f"{part}." for part in estate.path.split(".")[: Level.COMMUNITY])
    return areas.filter(
        level=Level.BUILDING,
        parent__full_name=estate.full_name,
        path__startswith=community,
    )


def _choices(areas: AreaQuerySet, day: dt.date) -> list[PlaceChoice]:
    """List places in reading order; an estate that spans several grids appears once."""
    children = Area.objects.on(day).filter(parent=OuterRef("pk"))
    ordered: Iterable[Area] = areas.annotate(has_more=Exists(children)).order_by("sort_key", "pk")
    by_name: dict[str, PlaceChoice] = {}
    for area in ordered:
        name = area.name if area.level == Level.BUILDING else area.full_name
        has_children = area.level < Level.BUILDING and getattr(area, "has_more", False)
        by_name.setdefault(name, PlaceChoice(area.pk, name, has_children))
    return list(by_name.values())
