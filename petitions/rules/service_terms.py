"""Service terms: the standard and the working calendar of a place, and the deadlines they set."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from config.lib import durations
from grids.calendar import calendars
from grids.calendar.working_time import WorkCalendar
from petitions.enums import DeadlineKind
from petitions.models import CaseTask, Deadline, Petition, Standard
from petitions.rules import standards

REMIND_AT_PERCENT = 80
MINUTE = dt.timedelta(minutes=1)
MAX_DAYS = 30
"""The longest extension, and the longest time for a task, in days as the case counts them."""
ALWAYS_WORKING_TIME = frozenset({DeadlineKind.ARBITRATION, DeadlineKind.CONFIRMATION})


class TimedDeadline(Protocol):
    """A deadline of which the time that is left can be said."""

    @property
    def kind(self) -> str:
        """What is owed."""

    @property
    def due_at(self) -> dt.datetime:
        """When it is due."""

    @property
    def remind_at(self) -> dt.datetime:
        """When 80 % of its time are used."""


@dataclass(frozen=True, slots=True)
class DeadlinePlan:
    """One deadline: when it starts, when 80 % of its time are used, when it is due.

    `allowed` is the time from start to end, as the calendar counts.
    """

    kind: DeadlineKind
    started_at: dt.datetime
    remind_at: dt.datetime
    due_at: dt.datetime
    allowed: dt.timedelta
    is_provisional: bool

    def row(
        self, petition: Petition, organisation_id: int | None, task: CaseTask | None = None
    ) -> Deadline:
        """Return the unsaved deadline of a case or of a task in it, owed by an organisation."""
        return Deadline(
            petition=petition,
            organisation_id=organisation_id,
            task=task,
            kind=self.kind,
            started_at=self.started_at,
            remind_at=self.remind_at,
            due_at=self.due_at,
            is_provisional=self.is_provisional,
            allowed=self.allowed,
        )


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """How long each step may take at a place for an urgency, and by which calendar it counts."""

    standard: Standard
    calendar: WorkCalendar

    @property
    def is_round_the_clock(self) -> bool:
        """Tell whether the handling side's deadlines count every minute."""
        return self.standard.is_round_the_clock

    def calendar_for(self, kind: str) -> WorkCalendar | None:
        """Return the calendar by which a deadline counts; None where it counts every minute.

        The resident's confirmation and the decision on a return always count working time.
        """
        if self.is_round_the_clock and kind not in ALWAYS_WORKING_TIME:
            return None
        return self.calendar

    def allowed(self, kind: DeadlineKind, *, is_redo: bool = False) -> dt.timedelta:
        """Return the time the standard allows; handling a case again has its own length."""
        if kind == DeadlineKind.RESOLUTION and is_redo:
            return self.standard.redo_within
        return {
            DeadlineKind.CONTACT: self.standard.contact_within,
            DeadlineKind.RESOLUTION: self.standard.resolve_within,
            DeadlineKind.ANSWER: self.standard.answer_within,
            DeadlineKind.ARBITRATION: self.standard.arbitrate_within,
            DeadlineKind.CONFIRMATION: self.standard.confirm_within,
            DeadlineKind.ACKNOWLEDGE: self.standard.acknowledge_within,
            DeadlineKind.CONCLUDE: self.standard.conclude_within,
        }[kind]

    def plan(
        self,
        kind: DeadlineKind,
        *,
        start: dt.datetime,
        is_redo: bool = False,
        amount: dt.timedelta | None = None,
    ) -> DeadlinePlan:
        """Work out a deadline that starts at `start`.

        The reminder comes when 80 % of the allowed time are used. In a year without a calendar the
        deadline is provisional; this is not an error. `amount` replaces the standard's length (an
        extension) and counts by the same calendar.
        """
        allowed = self.allowed(kind, is_redo=is_redo) if amount is None else amount
        until_reminder = allowed * REMIND_AT_PERCENT // 100
        calendar = self.calendar_for(kind)
        if calendar is None:
            return DeadlinePlan(
                kind, start, start + until_reminder, start + allowed, allowed, is_provisional=False
            )
        remind = calendar.add(start, until_reminder)
        due = calendar.add(start, allowed)
        return DeadlinePlan(kind, start, remind.at, due.at, allowed, due.provisional)

    def contact_before(self, due_at: dt.datetime, now: dt.datetime) -> dt.timedelta:
        """Return the time to accept a case from now, never longer than until its result is due.

        Counted in whole minutes; in the last one both are due together. A result that is overdue
        leaves the usual time.
        """
        allowed = self.allowed(DeadlineKind.CONTACT)
        calendar = self.calendar_for(DeadlineKind.CONTACT)
        if due_at <= now:
            return allowed
        left = due_at - now if calendar is None else calendar.time_between(now, due_at)
        whole = left // MINUTE * MINUTE
        return min(allowed, whole or left)

    def plan_again(self, deadline: Deadline) -> DeadlinePlan:
        """Work out a deadline again by the calendar as it is now, from its start."""
        kind, calendar = DeadlineKind(deadline.kind), self.calendar_for(deadline.kind)
        allowed = deadline.allowed
        if allowed is None and calendar is not None:
            # An earlier release did not store it: measure it as it was counted then.
            before = calendar.without_years(deadline.due_at.year)
            minutes = before.minutes_between(deadline.started_at, deadline.due_at)
            allowed = dt.timedelta(minutes=minutes)
        return self.plan(kind, start=deadline.started_at, amount=allowed)

    def time_left(self, deadline: TimedDeadline, now: dt.datetime) -> durations.InstantText:
        """Say when a deadline is due and how much of its time is left."""
        calendar = self.calendar_for(deadline.kind)
        return durations.time_left(deadline.due_at, deadline.remind_at, now, calendar)

    def days(self, number: int) -> dt.timedelta:
        """Return the length of some days: working days, or 24 hours each round the clock."""
        if self.is_round_the_clock:
            return dt.timedelta(days=number)
        return dt.timedelta(minutes=number * self.calendar.day_minutes)

    def is_grantable(self, amount: dt.timedelta) -> bool:
        """Tell whether an extension or a task may last so long: up to `MAX_DAYS` of this case."""
        return dt.timedelta() < amount <= self.days(MAX_DAYS)

    @property
    def longest(self) -> str:
        """The longest time that may be granted, in words, with the unit in which it counts."""
        words = _("最多%(days)d天") if self.is_round_the_clock else _("最多%(days)d个工作日")
        return words % {"days": MAX_DAYS}

    def may_reopen(self, resolved_at: dt.datetime, now: dt.datetime) -> bool:
        """Tell whether the resident may still reopen a case: as long as it could be confirmed."""
        return now <= self.calendar.add(resolved_at, self.standard.confirm_within).at


def for_place(path: str, urgency: str) -> ServiceTerms:
    """Return the terms of the place with `path`: nearest standard, nearest calendar rows.

    Raises NoStandard if no region at or above the place has a standard for the urgency.
    """
    return ServiceTerms(standards.for_place(path, urgency), calendars.for_path(path))


def for_petition(petition: Petition) -> ServiceTerms:
    """Return the terms of a case's place and urgency."""
    return for_place(petition.path, petition.urgency)
