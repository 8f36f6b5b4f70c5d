"""The deadline sweep: send reminders, escalate overdue cases, close on the resident's silence.

Cases are processed in batches. When a batch fails, each of its deadlines is tried alone, so that
one failing case does not block the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from config.lib.db import backoff
from petitions import involvement
from petitions.actors import SYSTEM
from petitions.enums import TASK_DEADLINES, DeadlineKind, Verb
from petitions.models import Deadline, DeadlineQuerySet, Petition
from petitions.workflow import arbitration, case_store, escalation, resolution, task_verbs
from petitions.workflow.transitions import Transition, check_allowed

log = structlog.get_logger("clock")

Claimed = Sequence[tuple[Petition, Deadline]]
BatchAction = Callable[[Claimed, dt.datetime], None]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many deadlines one turn of a sweep took, and how many it processed successfully."""

    taken: int
    done: int


def expire_due(*, now: dt.datetime, limit: int) -> SweepResult:
    """Expire up to `limit` due deadlines, oldest first: escalate, or close on silence.

    Cases locked by another transaction are left to the next turn.
    """
    return sweep(expire_batch, Deadline.objects.due(now), now, limit)


def remind_due(*, now: dt.datetime, limit: int) -> SweepResult:
    """Remind once of each open deadline of which 80 % of the time is used."""
    return sweep(remind_batch, Deadline.objects.to_remind(now), now, limit)


def expire(*, deadline_id: int, now: dt.datetime) -> bool:
    """Expire one deadline; False when it ended, is not due yet, or its case is locked."""
    return (
        _process_batch(expire_batch, Deadline.objects.due(now).filter(pk=deadline_id), now, [], 1)
        == 1
    )


def remind(*, deadline_id: int, now: dt.datetime) -> bool:
    """Remind of one deadline; False when that was done, it is not due, or it ended."""
    rows = Deadline.objects.to_remind(now).filter(pk=deadline_id)
    return _process_batch(remind_batch, rows, now, [], 1) == 1


def sweep(action: BatchAction, rows: DeadlineQuerySet, now: dt.datetime, limit: int) -> SweepResult:
    """Process one batch; a deadline that fails alone is postponed and logged by id only."""
    taken: list[int] = []
    try:
        done = _process_batch(action, rows, now, taken, limit)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if isinstance(error, OperationalError) and not connection.is_usable():
            raise
        if len(taken) == 1:
            _postpone(taken[0], now, error)
            return SweepResult(taken=1, done=0)
        if not taken:
            raise
    else:
        return SweepResult(taken=len(taken), done=done)
    results = [sweep(action, rows.filter(pk=pk), now, 1) for pk in taken]
    return SweepResult(taken=len(taken), done=sum(result.done for result in results))


def _process_batch(
    action: BatchAction, rows: DeadlineQuerySet, now: dt.datetime, taken: list[int], limit: int
) -> int:
    """Lock up to `limit` deadlines and process them; their ids are appended to `taken`."""
    with transaction.atomic():
        claimed = _claim(rows, limit, taken)
        action(claimed, now)
    return len(claimed)


def _claim(rows: DeadlineQuerySet, limit: int, taken: list[int]) -> Claimed:
    """Lock the cases first, then their deadlines: the lock of a case covers its deadlines.

    One deadline per case and turn. A deadline that ended meanwhile is left out.
    """
    locked = list(
        rows.select_related(
            "petition", "petition__place", "petition__organisation", "task"
        ).select_for_update(skip_locked=True, of=("petition",))[:limit]
    )
    first: dict[int, Deadline] = {}
    for row in locked:
        first.setdefault(row.petition_id, row)
    taken.extend(row.pk for row in locked)
    open_ids = set(
        rows.filter(pk__in=[row.pk for row in first.values()])
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list("pk", flat=True)
    )
    return [(row.petition, row) for row in first.values() if row.pk in open_ids]


def expire_batch(claimed: Claimed, now: dt.datetime) -> None:
    """Escalate each case whose deadline is due, or close it if the resident did not answer.

    A return that its arbiter did not decide is passed on to the next level. An overdue task is
    reported to the organisation that ordered it; its case is not escalated.
    """
    store = case_store.current()
    petitions = [petition for petition, _deadline in claimed]
    chain = store.escalation_chain(petitions, timezone.localdate(now))
    changes = []
    for petition, deadline in claimed:
        if deadline.kind == DeadlineKind.CONFIRMATION:
            change = system_transition(petition, Verb.CLOSE, now)
            resolution.close_as_silent(change)
        elif deadline.kind in TASK_DEADLINES:
            change = system_transition(petition, Verb.OVERDUE, now)
            task_verbs.mark_overdue(change, deadline)
        else:
            change = system_transition(petition, Verb.ESCALATE, now)
            change.expire_deadline(deadline)
            if deadline.kind == DeadlineKind.ARBITRATION:
                arbitration.pass_to_next_level(change, chain)
            else:
                escalation.escalate_to(change, deadline=deadline, chain=chain)
        change.complete()
        changes.append(change)
    store.save(changes)


def remind_batch(claimed: Claimed, now: dt.datetime) -> None:
    """Record a reminder for each deadline."""
    changes = []
    for petition, deadline in claimed:
        change = system_transition(petition, Verb.REMIND, now)
        owing = involvement.owing_organisation_id(petition, deadline)
        change.data = {"kind": deadline.kind, "organisation": owing}
        change.task = deadline.task
        change.remind_of(deadline)
        change.complete()
        changes.append(change)
    case_store.current().save(changes)


def system_transition(petition: Petition, verb: Verb, now: dt.datetime) -> Transition:
    """Return a transition of a locked case by the system."""
    actor = check_allowed(verb, petition, SYSTEM)
    return Transition(petition, verb, SYSTEM, actor, now, store=case_store.current())


def _postpone(deadline_id: int, now: dt.datetime, error: Exception) -> None:
    """Delay the next attempt at a deadline; it stays open and owed, and so stays visible."""
    log.error("deadline_postponed", deadline=deadline_id, kind=type(error).__name__)
    row = Deadline.objects.only("attempts").get(pk=deadline_id)
    attempts = min(row.attempts + 1, backoff.MAX_ATTEMPTS_COUNTED)
    Deadline.objects.owed().filter(pk=deadline_id).update(
        attempts=attempts, retry_at=now + backoff.delay(attempts)
    )
