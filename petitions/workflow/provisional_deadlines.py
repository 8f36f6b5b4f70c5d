"""Deadlines that were set without the calendar of a year become final when it is published."""

from __future__ import annotations

import datetime as dt

from petitions.enums import Verb
from petitions.models import Deadline
from petitions.rules import service_terms
from petitions.rules.service_terms import DeadlinePlan
from petitions.workflow import case_store
from petitions.workflow.deadline_sweep import Claimed, SweepResult, sweep, system_transition


def reschedule_known(*, now: dt.datetime, limit: int) -> SweepResult:
    """Make up to `limit` provisional deadlines final whose calendar is known by now.

    Deadlines that became final follow further days of that calendar. Reads every deadline that can
    change so; a partial index holds them.
    """
    changed: list[int] = []
    rows = Deadline.objects.following_calendar(now).select_related("petition")
    for row in rows.iterator():
        if len(changed) == limit:
            break
        if _is_changed(row, _plan(row)):
            changed.append(row.pk)
    if not changed:
        return SweepResult(taken=0, done=0)
    due = Deadline.objects.following_calendar(now).filter(pk__in=changed)
    return sweep(reschedule_batch, due, now, limit)


def reschedule_batch(claimed: Claimed, now: dt.datetime) -> None:
    """Work out each deadline again; organisation and resident see the event with both dates."""
    changes = []
    for petition, deadline in claimed:
        deadline.petition = petition
        was_due_at, plan = deadline.due_at, _plan(deadline)
        if not _is_changed(deadline, plan):
            continue
        change = system_transition(petition, Verb.RESCHEDULE, now)
        change.reschedule(deadline, plan)
        is_moved = deadline.settled_at is not None
        change.data = {
            "kind": deadline.kind,
            "organisation": deadline.organisation_id,
            "was_due_at": was_due_at.isoformat(),
            "due_at": (plan.due_at if is_moved else was_due_at).isoformat(),
        }
        change.complete()
        changes.append(change)
    case_store.current().save(changes)


def _plan(deadline: Deadline) -> DeadlinePlan:
    return service_terms.for_petition(deadline.petition).plan_again(deadline)


def _is_changed(deadline: Deadline, plan: DeadlinePlan) -> bool:
    if plan.is_provisional:
        return False
    return deadline.is_provisional or plan.due_at != deadline.due_at
