"""What the desk shows before a report is saved: place, route, deadlines and similar cases.

Also the look-up of the place and the category that the typed text means.
"""

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
from grids import place_search
from grids.models import Area
from grids.place_search import PlaceMatches
from petitions import separation_of_duties
from petitions.enums import HANDLER_DEADLINES, CategoryChannel, Urgency
from petitions.models import Category
from petitions.rules import (
    catalogue,
    category_matching,
    confidentiality,
    routing,
    service_terms,
)
from petitions.rules.routing import ResponsibleChain, Route
from petitions.web import list_items
from petitions.workflow.submission import similar_cases


@dataclass(frozen=True, slots=True)
class DeadlinePreview:
    """A deadline as it would be set now."""

    label: str
    due: durations.InstantText
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """An open or recent case at the same place."""

    item: list_items.ListItem
    is_open: bool
    is_same_category: bool


@dataclass(frozen=True, slots=True)
class IntakePreview:
    """Content of the preview beside the desk form; empty while it cannot be known yet.

    `organisations` are those that the report can be about; `similar` is evaluated when it is
    rendered, because submitting does not need it. `is_filed_by_handler`: the viewer belongs to the
    organisation that will handle the report.
    """

    place: Area | None = None
    ancestors: str = ""
    category: Category | None = None
    urgency: str = ""
    route: Route | None = None
    organisations: tuple[Organisation, ...] = ()
    about: Organisation | None = None
    deadlines: tuple[DeadlinePreview, ...] = ()
    similar: Sequence[SimilarCase] = ()
    responsible_chain: ResponsibleChain | None = None
    is_filed_by_handler: bool = False

    @property
    def urgency_label(self) -> str:
        """The urgency in words."""
        return str(Urgency(self.urgency).label) if self.urgency else ""

    @property
    def confidentiality(self) -> str:
        """What ticking the box for confidential contact details does; empty without a route."""
        if self.route is None or self.place is None:
            return ""
        handler, is_known = self.route.organisation, self.is_filed_by_handler
        return confidentiality.offer(handler, self.place, self.about, is_known=is_known)

    @property
    def category_label(self) -> str:
        """The category in words, with its first level."""
        return catalogue.full_label(self.category) if self.category else ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Result of looking up typed text: the place and category meant, else the candidates.

    `place_detail` is what was typed behind the building. With `is_near` no place has the typed
    name, and the candidates are those with a similar one.
    """

    place: Area | None
    category: Category | None
    places: tuple[Area, ...] = ()
    categories: tuple[Category, ...] = ()
    place_detail: str = ""
    is_near: bool = False


def preview(
    *,
    viewer: Viewer,
    place: Area | None,
    category: Category | None,
    urgency: str,
    about_id: int | None,
    now: dt.datetime,
) -> IntakePreview:
    """Return what would happen to a report, by the same rules that are applied on submitting."""
    urgency = urgency or (category.urgency if category else "")
    if place is None:
        return IntakePreview(category=category, urgency=urgency)
    chain = routing.load_place(place, timezone.localdate(now))
    organisations = chain.organisations_below_city()
    about = next((row for row in organisations if row.pk == about_id), None)
    channel = category.channel if category else CategoryChannel.SERVICE
    similar = SimpleLazyObject(lambda: _similar_cases(viewer, place, category, now))
    route = routing.route(chain, channel=channel, about=about)
    return IntakePreview(
        place=place,
        ancestors=" · ".join(area.name for area in chain.chain[:-1]),
        category=category,
        urgency=urgency,
        route=route,
        organisations=organisations,
        about=about,
        deadlines=_deadlines(place, urgency, now),
        similar=cast("Sequence[SimilarCase]", similar),
        responsible_chain=chain,
        is_filed_by_handler=separation_of_duties.belongs_to(viewer.scope, route.organisation.pk),
    )


def _deadlines(place: Area, urgency: str, now: dt.datetime) -> tuple[DeadlinePreview, ...]:
    if not urgency:
        return ()
    terms = service_terms.for_place(place.path, urgency)
    plans = [terms.plan(kind, start=now) for kind in HANDLER_DEADLINES]
    return tuple(
        DeadlinePreview(str(plan.kind.label), terms.time_left(plan, now), plan.is_provisional)
        for plan in plans
    )


def _similar_cases(
    viewer: Viewer, place: Area, category: Category | None, now: dt.datetime
) -> tuple[SimilarCase, ...]:
    """Return recent cases of the place: those of the same category first, open before closed."""
    category_id = category.pk if category else None
    petitions = list(similar_cases(viewer=viewer, place=place, category=None, now=now))
    cases = [
        SimilarCase(
            item=item,
            is_open=petition.is_open,
            is_same_category=petition.category_id == category_id,
        )
        for petition, item in zip(petitions, list_items.list_items(petitions, now), strict=True)
    ]
    return tuple(sorted(cases, key=lambda case: (not case.is_same_category, not case.is_open)))


def get_place(viewer: Viewer, pk: int | None, day: dt.date) -> Area | None:
    """Return the place with this id if the viewer may report there on `day`."""
    if pk is None:
        return None
    return Area.objects.visible_to(viewer).reportable(day).filter(pk=pk).first()


def get_category(pk: int | None) -> Category | None:
    """Return the category with this id if a report can be made under it."""
    return next((row for row in catalogue.reportable_categories() if row.pk == pk), None)


def search_categories(query: str) -> list[Category]:
    """Return the categories that a word, pinyin initials or a sentence matches, best first."""
    return catalogue.search(query) or category_matching.suggest(query)


def look_up(
    viewer: Viewer,
    *,
    place_text: str,
    place_ids: tuple[int | None, int | None],
    category_text: str,
    category_ids: tuple[int | None, int | None],
    day: dt.date,
) -> Lookup:
    """Return the place and category that the text fields of the desk mean, or candidates.

    Each pair of ids holds the id chosen from candidates, then the id in the hidden field of the
    combobox. The first counts only if it is among the candidates for the text, the second only
    if the text is still the name of its row: so the text always decides.
    """
    place, matches = _look_up_place(viewer, place_text.strip(), place_ids, day)
    category, categories = _look_up_category(category_text.strip(), category_ids)
    places = () if place else tuple(matches.areas)
    return Lookup(place, category, places, categories, matches.rest, matches.is_near)


def _look_up_place(
    viewer: Viewer, text: str, ids: tuple[int | None, int | None], day: dt.date
) -> tuple[Area | None, PlaceMatches]:
    chosen_id, hidden_id = ids
    place = get_place(viewer, hidden_id, day)
    if place is not None and (place.full_name == text or text.startswith(f"{place.full_name} ")):
        return place, PlaceMatches([place], place_search.rest_of(place, text))
    matches = place_search.find(Area.objects.visible_to(viewer).reportable(day), text)
    exact = [area for area in matches.areas if area.full_name == text]
    chosen = exact if len(exact) == 1 else [area for area in matches.areas if area.pk == chosen_id]
    return (chosen[0] if chosen else None), matches


def _look_up_category(
    text: str, ids: tuple[int | None, int | None]
) -> tuple[Category | None, tuple[Category, ...]]:
    chosen_id, hidden_id = ids
    category = get_category(hidden_id)
    if category is not None and text in catalogue.names(category):
        return category, ()
    candidates = search_categories(text)
    match = catalogue.category_named(text) or next(
        (row for row in candidates if row.pk == chosen_id), None
    )
    return (match, ()) if match else (None, tuple(candidates))
