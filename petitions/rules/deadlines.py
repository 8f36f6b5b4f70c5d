"""When something is due: limits by urgency in working time or round the clock. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from grids.calendar.working_time import WorkCalendar
from petitions.enums import DeadlineKind
from petitions.models import Deadline, Petition, Standard

REMIND_AT_PERCENT = 80


@dataclass(frozen=True, slots=True)
class DeadlinePlan:
    """One limit to be kept: when it starts, when 80 % are used, when it ends."""

    kind: DeadlineKind
    started_at: dt.datetime
    remind_at: dt.datetime
    due_at: dt.datetime
    is_provisional: bool

    def row(self, petition: Petition, organisation_id: int | None) -> Deadline:
        """Return the unsaved row that carries the promise."""
        return Deadline(
            petition=petition,
            organisation_id=organisation_id,
            kind=self.kind,
            started_at=self.started_at,
            remind_at=self.remind_at,
            due_at=self.due_at,
            is_provisional=self.is_provisional,
        )


def within(standard: Standard, kind: DeadlineKind, *, is_redo: bool = False) -> dt.timedelta:
    """Return how long the standard allows for `kind`; a case done again has its own limit."""
    if kind == DeadlineKind.RESOLUTION and is_redo:
        return standard.redo_within
    return {
        DeadlineKind.CONTACT: standard.contact_within,
        DeadlineKind.RESOLUTION: standard.resolve_within,
        DeadlineKind.ANSWER: standard.answer_within,
        DeadlineKind.CONFIRMATION: standard.confirm_within,
    }[kind]


def plan(
    kind: DeadlineKind,
    *,
    standard: Standard,
    calendar: WorkCalendar,
    start: dt.datetime,
    is_redo: bool = False,
    amount: dt.timedelta | None = None,
) -> DeadlinePlan:
    """Work out one limit from `start`.

    Round-the-clock standards count every minute, except the resident's confirmation, which always
    counts working time. The reminder comes when 80 % of the allowed time are used. A year without
    a calendar gives a provisional limit, never an error. `amount` replaces the standard's duration
    (an extension), still counted by the standard's clock.
    """
    allowed = within(standard, kind, is_redo=is_redo) if amount is None else amount
    used = allowed * REMIND_AT_PERCENT // 100
    if standard.is_round_the_clock and kind != DeadlineKind.CONFIRMATION:
        return DeadlinePlan(kind, start, start + used, start + allowed, is_provisional=False)
    remind = calendar.add(start, used)
    due = calendar.add(start, allowed)
    return DeadlinePlan(kind, start, remind.at, due.at, due.provisional)


def may_reopen(
    standard: Standard, calendar: WorkCalendar, resolved_at: dt.datetime, now: dt.datetime
) -> bool:
    """Tell whether a closed case may be reopened: within the confirmation window from resolving."""
    return now <= calendar.add(resolved_at, standard.confirm_within).at
