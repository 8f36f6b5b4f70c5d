"""Querysets of the tables of cases; `visible_to` is the only rule of who sees which case."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from config.lib.viewer import Viewer
from petitions import involvement, text_search
from petitions.enums import DeadlineState, Status
from petitions.rules import backoff
from petitions.states import OPEN, RUNNING

if TYPE_CHECKING:
    from petitions.models import Deadline, Outbox, Petition  # noqa: F401 - types only

RARE_WORD_LIMIT = 1000
"""A word found in fewer cases than this is looked up in a query of its own."""


class PetitionQuerySet(models.QuerySet["Petition"]):
    """Questions about cases."""

    # Narrowed to a word that so many cases hold: counting would read all of them, each time.
    is_too_many_to_count = False

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the cases the viewer may know of, by the posts held today.

        A case about an organisation is invisible to everybody in it and below it, an accusation to
        everybody but the city's own officials. Without a post: nothing.
        """
        condition = involvement.visible_to(viewer.scope)
        return self.none() if condition is None else self.filter(condition)

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
        return self.filter(involvement.held_by(viewer))

    def awaiting_answer_of(self, viewer: Viewer) -> Self:
        """Keep the cases whose escalation the viewer's own organisations must answer."""
        return self.filter(involvement.awaiting_answer_of(viewer))

    def matching(self, words: str) -> Self:
        """Keep the cases whose number, place, category or text hold `words`."""
        number = text_search.petition_id(words)
        if number is not None:
            return self.filter(pk=number)
        query = text_search.query(words)
        if query is None:
            return self
        # The planner cannot know how rare a word is, and would read a million cases to find none.
        matches = type(self)(self.model).filter(search=query).order_by()
        ids = list(matches.values_list("pk", flat=True)[:RARE_WORD_LIMIT])
        if len(ids) < RARE_WORD_LIMIT:
            return self.filter(pk__in=ids)
        cases = self.filter(search=query)
        cases.is_too_many_to_count = True
        return cases

    def _clone(self) -> Self:
        copy: Self = super()._clone()  # type: ignore[misc]  # the framework's, without types
        copy.is_too_many_to_count = self.is_too_many_to_count
        return copy

    def with_parts(self) -> Self:
        """Load what a row or a case page names, in the same query."""
        return self.select_related(
            "category", "category__parent", "community", *involvement.ORGANISATIONS
        )

    def same_matter(self, place_id: int, category_id: int | None, since: dt.datetime) -> Self:
        """Keep cases from the same place, open or filed after `since`; same category if given."""
        cases = self.filter(involvement.unrestricted(), place_id=place_id)
        if category_id is not None:
            cases = cases.filter(category_id=category_id)
        return cases.filter(Q(status__in=OPEN) | Q(created_at__gte=since))


# The same conditions serve a list (filter) and its counter (aggregate), so that both agree.


def is_overdue(now: dt.datetime) -> Q:
    """Condition: the clock runs and a limit of the handling side is past `now`."""
    return Q(status__in=RUNNING, due_at__lte=now)


def is_due_soon(now: dt.datetime) -> Q:
    """Condition: the clock runs and 80 % of a limit are used, but not all of it."""
    return Q(status__in=RUNNING, soon_at__lte=now, due_at__gt=now)


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
