"""Every question put to the tables of cases; `visible_to` is the one rule of who sees what."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from config.lib.viewer import ActivePost, Scope, Viewer
from members.enums import ADMIN_ROLES, Role
from petitions import text_search
from petitions.enums import DeadlineState, Status
from petitions.rules import backoff
from petitions.states import OPEN, RUNNING

if TYPE_CHECKING:
    from petitions.models import Deadline, Outbox, Petition  # noqa: F401 - types only

RARE = 1000
"""A word that fewer cases hold than this is looked up by itself, before anything else is asked."""

AREA_ROLES = frozenset(
    {
        Role.STAFF,
        Role.COMMUNITY_SECRETARY,
        Role.SUBDISTRICT_OFFICIAL,
        Role.CITY_OFFICIAL,
        Role.BRANCH_SECRETARY,
        Role.GROUP_LEADER,
        Role.API_CLIENT,
    }
)


def _reach(seat: ActivePost) -> Q:
    """What one post reaches: its area, and the cases its organisation was drawn into."""
    nothing = Q(pk__in=[])
    if seat.role in ADMIN_ROLES:
        return nothing
    reach = nothing
    if seat.role in AREA_ROLES:
        for path in seat.area_paths:
            reach |= Q(path__startswith=path)
    if seat.organisation_id is None or seat.role == Role.MEMBER:
        return reach
    own = seat.organisation_id
    reach |= Q(organisation=own) | Q(supervisor=own) | Q(assigned_group=own) | Q(department=own)
    return reach


def _own_and_above(scope: Scope) -> frozenset[int]:
    """Organisations the viewer belongs to or stands below; their own causes are not for it."""
    return frozenset().union(*(seat.ancestor_ids for seat in scope.posts))


class PetitionQuerySet(models.QuerySet["Petition"]):
    """Questions about cases."""

    # Narrowed to a word that so many cases hold: counting would read all of them, each time.
    is_too_many_to_count = False

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the cases the viewer may know of, by the posts held today.

        A case about an organisation is invisible to everybody in it and below it, an accusation to
        everybody but the city's own officials. Without a post: nothing.
        """
        scope = viewer.scope
        if not scope.posts or any(seat.role in ADMIN_ROLES for seat in scope.posts):
            return self.none()
        above = sorted(_own_and_above(scope))
        # Work given to a person ends with the post in the organisation that gave it.
        reach = Q(assignee_ids__contains=[scope.user_id], organisation__in=above)
        for seat in scope.posts:
            reach |= _reach(seat)
        found = self.filter(reach)
        if above:
            found = found.exclude(about_organisation__in=above)
        if not scope.has_role(Role.CITY_OFFICIAL):
            found = found.filter(is_sealed=False)
        return found

    def open(self) -> Self:
        """Keep the cases in which anything is still owed."""
        return self.filter(status__in=OPEN)

    def running(self) -> Self:
        """Keep the cases whose handling clock runs."""
        return self.filter(status__in=RUNNING)

    def overdue(self, now: dt.datetime) -> Self:
        """Keep the running cases with a limit of the handling side past `now`."""
        return self.filter(is_overdue(now))

    def due_soon(self, now: dt.datetime) -> Self:
        """Keep the running cases that used 80 % of a limit, but have not passed it."""
        return self.filter(is_due_soon(now))

    def to_accept(self) -> Self:
        """Keep the cases nobody has accepted yet."""
        return self.filter(status=Status.SUBMITTED)

    def returned(self) -> Self:
        """Keep the cases an organisation sent back, waiting for a new owner."""
        return self.filter(status=Status.RETURNED)

    def in_hands_of(self, viewer: Viewer) -> Self:
        """Keep the cases the viewer's own organisations or the viewer handle now."""
        return self.filter(is_in_hands_of(viewer))

    def awaiting_answer_of(self, viewer: Viewer) -> Self:
        """Keep the cases whose escalation the viewer's own organisations must answer."""
        return self.filter(is_awaiting_answer_of(viewer))

    def matching(self, words: str) -> Self:
        """Keep the cases whose number, place, category or text hold `words`."""
        number = text_search.petition_id(words)
        if number is not None:
            return self.filter(pk=number)
        query = text_search.query(words)
        if query is None:
            return self
        # The planner cannot know how rare a word is, and would read a million cases to find none.
        hits = list(
            self.model.objects.filter(search=query).order_by().values_list("pk", flat=True)[:RARE]
        )
        if len(hits) < RARE:
            return self.filter(pk__in=hits)
        found = self.filter(search=query)
        found.is_too_many_to_count = True
        return found

    def _clone(self) -> Self:
        made: Self = super()._clone()  # type: ignore[misc]  # the framework's, without types
        made.is_too_many_to_count = self.is_too_many_to_count
        return made

    def with_parts(self) -> Self:
        """Load what a row or a case page names, in the same query."""
        return self.select_related(
            "category",
            "category__parent",
            "organisation",
            "group",
            "assigned_group",
            "department",
            "supervisor",
            "community",
        )

    def same_matter(self, place_id: int, category_id: int | None, since: dt.datetime) -> Self:
        """Keep cases from the same place, open or filed after `since`; same category if given."""
        found = self.filter(place_id=place_id, is_sealed=False, about_organisation=None)
        if category_id is not None:
            found = found.filter(category_id=category_id)
        return found.filter(Q(status__in=OPEN) | Q(created_at__gte=since))


# The same conditions serve a list (filter) and its counter (aggregate), so that both agree.


def is_overdue(now: dt.datetime) -> Q:
    """Condition: the clock runs and a limit of the handling side is past `now`."""
    return Q(status__in=RUNNING, due_at__lte=now)


def is_due_soon(now: dt.datetime) -> Q:
    """Condition: the clock runs and 80 % of a limit are used, but not all of it."""
    return Q(status__in=RUNNING, soon_at__lte=now, due_at__gt=now)


def is_in_hands_of(viewer: Viewer) -> Q:
    """Condition: the viewer's own organisations or the viewer handle the case now."""
    own = _own_organisations(viewer)
    return Q(status__in=RUNNING) & (
        Q(organisation__in=own)
        | Q(assigned_group__in=own)
        | Q(assignee_ids__contains=[viewer.scope.user_id])
    )


def is_awaiting_answer_of(viewer: Viewer) -> Q:
    """Condition: the viewer's own organisations must answer an escalation of the case."""
    return Q(is_answer_owed=True, supervisor__in=_own_organisations(viewer))


def _own_organisations(viewer: Viewer) -> list[int]:
    return sorted(
        seat.organisation_id
        for seat in viewer.scope.posts
        if seat.organisation_id is not None and seat.role != Role.MEMBER
    )


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    """Questions about limits."""

    def open(self) -> Self:
        """Keep the limits still running."""
        return self.filter(state=DeadlineState.OPEN)

    def owed(self) -> Self:
        """Keep the limits whose matter is not settled: still running, or fired and not yet done."""
        return self.filter(settled_at=None)

    def due(self, now: dt.datetime) -> Self:
        """Keep the open limits that have passed and wait for no other try, oldest first."""
        return self.open().filter(backoff.is_ready(now), due_at__lte=now).order_by("due_at")

    def to_remind(self, now: dt.datetime) -> Self:
        """Keep the open limits of which 80 % are used and nobody was reminded, oldest first."""
        return (
            self.open()
            .filter(backoff.is_ready(now), reminded_at=None, remind_at__lte=now, due_at__gt=now)
            .order_by("remind_at")
        )


class OutboxQuerySet(models.QuerySet["Outbox"]):
    """Questions about events that must still be told."""

    def waiting(self, now: dt.datetime) -> Self:
        """Keep the events not told yet that wait for no other try, oldest first."""
        return self.filter(backoff.is_ready(now), done_at=None).order_by("created_at")
