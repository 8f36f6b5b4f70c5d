"""What the clock does: remind, let a due limit climb, close what a resident is silent on."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from petitions.enums import DeadlineKind, DeadlineState, Verb
from petitions.models import Deadline, Petition
from petitions.permissions import CLOCK
from petitions.workflow import ladder, resolution
from petitions.workflow.engine import Step, check


def _claim(deadline_id: int, petition_id: int) -> tuple[Petition, Deadline] | None:
    """Lock the case, then its limit if it is still open; None when another sweep has the case."""
    petition = (
        Petition.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("contact", "place")
        .filter(pk=petition_id)
        .first()
    )
    if petition is None:
        return None
    deadline = Deadline.objects.select_for_update().open().filter(pk=deadline_id).first()
    return (petition, deadline) if deadline is not None else None


def fire(*, deadline_id: int, petition_id: int, now: dt.datetime) -> bool:
    """Let one due limit fire, exactly once: a passed limit climbs, silence closes.

    Returns False when somebody else has it, it ended meanwhile, or it is not due yet.
    """
    with transaction.atomic():
        claimed = _claim(deadline_id, petition_id)
        if claimed is None or claimed[1].due_at > now:
            return False
        petition, deadline = claimed
        if deadline.kind == DeadlineKind.CONFIRMATION:
            return close_silent(petition=petition, now=now)
        deadline.state, deadline.ended_at = DeadlineState.FIRED, now
        deadline.save(update_fields=["state", "ended_at"])
        one = Step(petition, Verb.ESCALATE, CLOCK, check(Verb.ESCALATE, petition, CLOCK), now)
        ladder.climb(one, deadline=deadline)
        one.finish()
    return True


def close_silent(*, petition: Petition, now: dt.datetime) -> bool:
    """Close a resolved case whose confirmation limit passed; counted as silence."""
    one = Step(petition, Verb.CLOSE, CLOCK, check(Verb.CLOSE, petition, CLOCK), now)
    resolution.close_as_silent(one)
    one.finish()
    return True


def remind(*, deadline_id: int, petition_id: int, now: dt.datetime) -> bool:
    """Remind whoever owes an open limit that 80 % of it are used, once."""
    with transaction.atomic():
        claimed = _claim(deadline_id, petition_id)
        if claimed is None or claimed[1].reminded_at is not None:
            return False
        petition, deadline = claimed
        deadline.reminded_at = now
        deadline.save(update_fields=["reminded_at"])
        one = Step(petition, Verb.REMIND, CLOCK, check(Verb.REMIND, petition, CLOCK), now)
        one.data = {"kind": deadline.kind, "organisation": deadline.organisation_id}
        one.finish()
    return True
