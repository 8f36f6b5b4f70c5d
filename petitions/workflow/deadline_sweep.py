"""What the clock does: remind, let a due limit climb, close what a resident is silent on.

Many cases go through together; when that fails, one by one, so that no case holds up another.
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
from petitions.enums import DeadlineKind, DeadlineState, Verb
from petitions.models import Deadline, DeadlineQuerySet, Petition
from petitions.permissions import SYSTEM
from petitions.workflow import bulk, escalation_chain, resolution
from petitions.workflow.transitions import Transition, check_allowed

log = structlog.get_logger("clock")

Claimed = Sequence[tuple[Petition, Deadline]]
BatchAction = Callable[[Claimed, dt.datetime], None]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many limits one turn of a sweep took, and how many of them went through."""

    taken: int
    done: int


def expire_due(*, now: dt.datetime, limit: int) -> SweepResult:
    """Let up to `limit` due limits fire, each exactly once, oldest first: climb, or close.

    Cases that somebody else has locked are left to the next turn.
    """
    return _sweep(_expire_batch, Deadline.objects.due(now), now, limit)


def remind_due(*, now: dt.datetime, limit: int) -> SweepResult:
    """Remind whoever owes an open limit of which 80 % are used, once each."""
    return _sweep(_remind_batch, Deadline.objects.to_remind(now), now, limit)


def expire(*, deadline_id: int, now: dt.datetime) -> bool:
    """Let one limit fire; False when it ended, is not due yet, or somebody else has its case."""
    return (
        _process_batch(_expire_batch, Deadline.objects.due(now).filter(pk=deadline_id), now, [], 1)
        == 1
    )


def remind(*, deadline_id: int, now: dt.datetime) -> bool:
    """Send one limit's reminder; False when it went out before, is not due, or ended."""
    rows = Deadline.objects.to_remind(now).filter(pk=deadline_id)
    return _process_batch(_remind_batch, rows, now, [], 1) == 1


def _sweep(act: BatchAction, rows: DeadlineQuerySet, now: dt.datetime, limit: int) -> SweepResult:
    """Do one turn; what cannot go through is put off by itself, logged by id only."""
    taken: list[int] = []
    try:
        done = _process_batch(act, rows, now, taken, limit)
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
    turns = [_sweep(act, rows.filter(pk=pk), now, 1) for pk in taken]
    return SweepResult(taken=len(taken), done=sum(turn.done for turn in turns))


def _process_batch(
    act: BatchAction, rows: DeadlineQuerySet, now: dt.datetime, taken: list[int], limit: int
) -> int:
    """Claim up to `limit` rows, noting them in `taken`; let `act` change their cases at once."""
    with transaction.atomic():
        claimed = _claim(rows, limit, taken)
        act(claimed, now)
    return len(claimed)


def _claim(rows: DeadlineQuerySet, limit: int, taken: list[int]) -> Claimed:
    """Lock the cases first, then their limits; who has a case alone decides about its limits.

    One limit a case and turn. A limit that ended while its case was being locked is left out.
    """
    found = list(
        rows.select_related("petition", "petition__place").select_for_update(
            skip_locked=True, of=("petition",)
        )[:limit]
    )
    first: dict[int, Deadline] = {}
    for row in found:
        first.setdefault(row.petition_id, row)
    taken.extend(row.pk for row in found)
    still = set(
        rows.filter(pk__in=[row.pk for row in first.values()])
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list("pk", flat=True)
    )
    return [(row.petition, row) for row in first.values() if row.pk in still]


def _expire_batch(claimed: Claimed, now: dt.datetime) -> None:
    """Let every passed limit climb, and silence close its case."""
    above = escalation_chain.EscalationChain.of(
        [petition for petition, _row in claimed], timezone.localdate(now)
    )
    steps = []
    for petition, deadline in claimed:
        if deadline.kind == DeadlineKind.CONFIRMATION:
            change = _transition(petition, Verb.CLOSE, now)
            resolution.close_as_silent(change)
        else:
            change = _transition(petition, Verb.ESCALATE, now)
            deadline.state, deadline.ended_at = DeadlineState.FIRED, now
            escalation_chain.escalate_to(change, deadline=deadline, above=above)
        steps.append(change)
    fired = [row for _case, row in claimed if row.state == DeadlineState.FIRED]
    Deadline.objects.bulk_update(fired, ["state", "ended_at"])
    bulk.finish(steps)


def _remind_batch(claimed: Claimed, now: dt.datetime) -> None:
    steps = []
    for petition, deadline in claimed:
        change = _transition(petition, Verb.REMIND, now)
        change.data = {"kind": deadline.kind, "organisation": deadline.organisation_id}
        deadline.reminded_at = now
        steps.append(change)
    Deadline.objects.bulk_update([row for _case, row in claimed], ["reminded_at"])
    bulk.finish(steps)


def _transition(petition: Petition, verb: Verb, now: dt.datetime) -> Transition:
    return Transition(petition, verb, SYSTEM, check_allowed(verb, petition, SYSTEM), now)


def _postpone(deadline_id: int, now: dt.datetime, error: Exception) -> None:
    """Let one limit wait before it is tried again; it stays open and owed, and so stays visible."""
    log.error("deadline_postponed", deadline=deadline_id, kind=type(error).__name__)
    row = Deadline.objects.only("attempts").get(pk=deadline_id)
    attempts = min(row.attempts + 1, backoff.MAX_ATTEMPTS_COUNTED)
    Deadline.objects.open().filter(pk=deadline_id).update(
        attempts=attempts, retry_at=now + backoff.delay(attempts)
    )
