"""How a resident finds a place without knowing grids: by typing, or from the subdistrict down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from grids import place_search
from grids.enums import Level
from grids.models import Area, AreaQuerySet, PlaceQr
from grids.place_search import Suggestion


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """One place in a list; `is_open` leads further down, otherwise it is chosen."""

    pk: int
    name: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class PlacePicker:
    """What a page that asks for a place shows: results of typing, or one level of the way down."""

    typed: str
    found: list[Suggestion] = field(default_factory=list)
    trail: list[Area] = field(default_factory=list)
    here: Area | None = None
    below: list[PlaceChoice] = field(default_factory=list)

    @property
    def is_reportable(self) -> bool:
        """Tell whether `here` itself can be chosen, and not only something below it."""
        return self.here is not None and self.here.level >= Level.COMMUNITY

    @property
    def is_top(self) -> bool:
        """Tell whether the list is the first one, of the subdistricts."""
        return self.here is None or self.here.level == Level.CITY


def find(typed: str, inside: str, day: dt.date) -> PlacePicker:
    """Answer what was typed; without that, show what lies inside a place, at first the city."""
    typed = typed.strip()[:60]
    if typed:
        return PlacePicker(typed, found=place_search.public_suggest(typed, day)["results"])
    here = _inside(inside, day)
    if here is None:
        return PlacePicker(typed)
    chain = Area.objects.filter(pk__in=here.ancestor_ids[:-1]).order_by("path")
    trail = [area for area in chain if area.level != Level.GRID]
    return PlacePicker(typed, trail=trail, here=here, below=_below(here, day))


def reportable(pk: object, day: dt.date) -> Area | None:
    """Return the place with this id, if a report can be filed at it on `day`."""
    if not str(pk).isdecimal() or len(str(pk)) > 18:
        return None
    return Area.objects.reportable(day).filter(pk=int(str(pk))).first()


def by_qr(code: str, day: dt.date) -> tuple[Area | None, bool]:
    """Return the place of a printed code, and whether the code was ever ours.

    A revoked code, or one of a place that is no more, gives no place.
    """
    row = PlaceQr.objects.select_related("area").filter(code=code).first()
    if row is None:
        return None, False
    is_good = row.revoked_at is None and row.area.is_valid_on(day)
    return (row.area if is_good else None), True


def _inside(pk: str, day: dt.date) -> Area | None:
    rows = Area.objects.on(day)
    if pk.isdecimal() and len(pk) < 18:
        found = rows.filter(pk=int(pk)).first()
        if found is not None:
            return found
    return rows.filter(level=Level.CITY).order_by("path").first()


def _below(here: Area, day: dt.date) -> list[PlaceChoice]:
    """Return what to choose from next; grids are an inner matter and never shown."""
    rows = Area.objects.on(day)
    if here.level < Level.COMMUNITY:
        return _choices(rows.filter(parent=here), day)
    if here.level < Level.ESTATE:
        inside = Q(level=Level.ESTATE) | Q(level=Level.BUILDING, parent__level__lt=Level.ESTATE)
        return _choices(rows.below(here).filter(inside), day)
    if here.level == Level.ESTATE:
        return _choices(_buildings(rows, here), day)
    return []


def _buildings(rows: AreaQuerySet, estate: Area) -> AreaQuerySet:
    """Keep the buildings of an estate, also of its parts that lie in other grids."""
    community = "".join(f"{part}." for part in estate.path.split(".")[: Level.COMMUNITY])
    return rows.filter(
        level=Level.BUILDING,
        parent__full_name=estate.full_name,
        path__startswith=community,
    )


def _choices(rows: AreaQuerySet, day: dt.date) -> list[PlaceChoice]:
    """List places in reading order, those of one name once (an estate over several grids)."""
    inside = Area.objects.on(day).filter(parent=OuterRef("pk"))
    ordered: Iterable[Area] = rows.annotate(has_more=Exists(inside)).order_by("sort_key", "pk")
    once: dict[str, PlaceChoice] = {}
    for area in ordered:
        name = area.name if area.level == Level.BUILDING else area.full_name
        is_open = area.level < Level.BUILDING and getattr(area, "has_more", False)
        once.setdefault(name, PlaceChoice(area.pk, name, is_open))
    return list(once.values())
