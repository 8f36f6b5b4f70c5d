"""What the desk knows while somebody speaks: the place, who will get it and why, and by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from branches.models import Organisation
from config.lib import durations
from config.lib.viewer import Viewer
from grids.models import Area
from petitions.enums import HANDLER_DEADLINES, CategoryChannel, Urgency
from petitions.models import Category, Petition
from petitions.rules import catalogue, category_matching, routing, service_terms
from petitions.rules.routing import ResponsibleChain, Route
from petitions.web import list_items
from petitions.workflow.submission import similar_cases

MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class DeadlinePreview:
    """One limit as it would be set now: what is owed, and by when."""

    what: str
    due: durations.Moment
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """An open or recent report from the same place; `is_alike` when it is of the same category."""

    row: list_items.ListItem
    is_open: bool
    is_alike: bool


@dataclass(frozen=True, slots=True)
class IntakePreview:
    """Everything the right half of the desk shows; parts are missing until they can be known."""

    place: Area | None = None
    around: str = ""
    category: Category | None = None
    urgency: str = ""
    route: Route | None = None
    chain: tuple[Organisation, ...] = ()
    about: Organisation | None = None
    terms: tuple[DeadlinePreview, ...] = ()
    same: Sequence[SimilarCase] = ()
    ground: ResponsibleChain | None = None

    @property
    def is_emergency(self) -> bool:
        """Tell whether somebody must be called at once."""
        return self.urgency == Urgency.EMERGENCY

    @property
    def urgency_label(self) -> str:
        """The urgency in words."""
        return str(Urgency(self.urgency).label) if self.urgency else ""

    @property
    def category_label(self) -> str:
        """The category in words, with its first level."""
        return catalogue.full_label(self.category) if self.category else ""


def preview(
    *,
    viewer: Viewer,
    place: Area | None,
    category: Category | None,
    urgency: str,
    about_id: int | None,
    now: dt.datetime,
) -> IntakePreview:
    """Work out what can be told before saving; the same functions decide when it is saved."""
    urgency = urgency or (category.urgency if category else "")
    if place is None:
        return IntakePreview(category=category, urgency=urgency)
    around = routing.load_place(place, timezone.localdate(now))
    chain = around.organisations_below_city()
    about = next((body for body in chain if body.pk == about_id), None)
    channel = category.channel if category else CategoryChannel.SERVICE
    return IntakePreview(
        place=place,
        around=" · ".join(area.name for area in around.chain[:-1]),
        category=category,
        urgency=urgency,
        route=routing.route(around, channel=channel, about=about),
        chain=chain,
        about=about,
        terms=_terms(place, urgency, now),
        same=cast(
            "Sequence[SimilarCase]", SimpleLazyObject(lambda: _same(viewer, place, category, now))
        ),
        ground=around,
    )


def _terms(place: Area, urgency: str, now: dt.datetime) -> tuple[DeadlinePreview, ...]:
    if not urgency:
        return ()
    terms = service_terms.for_place(place.path, urgency)
    plans = [terms.plan(kind, start=now) for kind in HANDLER_DEADLINES]
    return tuple(
        DeadlinePreview(str(plan.kind.label), terms.time_left(plan, now), plan.is_provisional)
        for plan in plans
    )


def _same(
    viewer: Viewer, place: Area, category: Category | None, now: dt.datetime
) -> tuple[SimilarCase, ...]:
    """Return what is known from the same place, the same matter first."""
    wanted = category.pk if category else None

    def same(petition: Petition) -> SimilarCase:
        return SimilarCase(
            list_items.list_item(petition, now), petition.is_open, petition.category_id == wanted
        )

    found = [same(one) for one in similar_cases(viewer=viewer, place=place, category=None, now=now)]
    return tuple(sorted(found, key=lambda one: (not one.is_alike, not one.is_open)))


@dataclass(frozen=True, slots=True)
class Lookup:
    """What typed words lead to: the one place or category meant, or those to choose from."""

    place: Area | None
    category: Category | None
    places: tuple[Area, ...] = ()
    categories: tuple[Category, ...] = ()


def place_with(viewer: Viewer, pk: int | None, day: dt.date) -> Area | None:
    """Return the place with this id if the viewer may file there today."""
    if pk is None:
        return None
    return Area.objects.visible_to(viewer).reportable(day).filter(pk=pk).first()


def category_with(pk: int | None) -> Category | None:
    """Return the category with this id if a report can be filed under it."""
    return next((one for one in catalogue.reportable_categories() if one.pk == pk), None)


def categories_for(typed: str) -> list[Category]:
    """Return the categories a word, initials or half a sentence point to, best first."""
    return catalogue.search(typed) or category_matching.suggest(typed)


def find(
    viewer: Viewer,
    *,
    where: str,
    place_ids: tuple[int | None, int | None],
    what: str,
    category_ids: tuple[int | None, int | None],
    day: dt.date,
) -> Lookup:
    """Find what was meant: what was picked from a list, else what is called exactly so.

    The first id of a pair was picked from candidates, and counts only while it is one for what
    the box says; the second stands behind the box, and counts only while the box says its name.
    Otherwise there are candidates to ask with.
    """
    place, places = _find_place(viewer, where.strip(), place_ids, day)
    category, categories = _find_category(what.strip(), category_ids)
    return Lookup(place, category, places, categories)


def _find_place(
    viewer: Viewer, where: str, ids: tuple[int | None, int | None], day: dt.date
) -> tuple[Area | None, tuple[Area, ...]]:
    picked, behind = ids
    place = place_with(viewer, behind, day)
    if place is not None and place.full_name == where:
        return place, ()
    candidates = Area.objects.visible_to(viewer).reportable(day).search(where)[:MOST_PLACES]
    exact = [area for area in candidates if area.full_name == where]
    meant = exact if len(exact) == 1 else [area for area in candidates if area.pk == picked]
    return (meant[0], ()) if meant else (None, tuple(candidates))


def _find_category(
    what: str, ids: tuple[int | None, int | None]
) -> tuple[Category | None, tuple[Category, ...]]:
    picked, behind = ids
    category = category_with(behind)
    if category is not None and what in catalogue.names(category):
        return category, ()
    candidates = categories_for(what)
    meant = catalogue.exact(what) or next((one for one in candidates if one.pk == picked), None)
    return (meant, ()) if meant else (None, tuple(candidates))
