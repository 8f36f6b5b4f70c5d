"""Verbs around the answer: resolve, confirm, dispute, rate, close, reopen, withdraw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count
from django.utils.translation import gettext as _

from petitions.enums import (
    STAFF_DEADLINES,
    ClosedBy,
    DeadlineKind,
    DeadlineState,
    Outcome,
    PhotoKind,
    Solved,
    Verb,
)
from petitions.models import DoorVisit, Feedback, Petition
from petitions.permissions import By, Petitioner
from petitions.rules.photos import StoredPhoto
from petitions.workflow import escalation_chain
from petitions.workflow.transitions import Transition, WrongState, transition

MET = DeadlineState.MET
CANCELLED = DeadlineState.CANCELLED
ESCALATE_AFTER_DISPUTES = 1


def resolve(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    outcome: Outcome,
    cause: str,
    public_answer: str,
    photos: Sequence[StoredPhoto] = (),
    expected_version: int | None = None,
) -> Petition:
    """Answer the resident and stop the handling clock; the resident is asked to confirm."""
    with transition(
        petition, Verb.RESOLVE, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        case.outcome, case.cause, case.public_answer = outcome, cause, public_answer
        case.resolved_at, case.resolved_by = now, change.user
        case.round += 1
        case.resolution_level = case.level
        case.is_answer_owed = False
        change.data = {"outcome": str(outcome), "round": case.round}
        # Both stay in the story when a later round replaces them.
        change.add_note(public_answer, is_public=True, cause=cause)
        change.add_photos(photos, kind=PhotoKind.ANSWER, is_public=True)
        change.stop_deadlines(MET, *STAFF_DEADLINES)
        change.start_deadline(DeadlineKind.CONFIRMATION, organisation_id=None)
    return change.petition


def confirm(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    rating: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """The resident says it is solved: the case closes. Staff record it after calling back."""
    with transition(
        petition, Verb.CONFIRM, by=by, now=now, expected_version=expected_version
    ) as change:
        _record(change, Solved.YES, rating)
        change.data = {"by_phone": not isinstance(by, Petitioner)}
        _close(change, ClosedBy.CONFIRMED if isinstance(by, Petitioner) else ClosedBy.FOLLOW_UP)
    return change.petition


def dispute(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str = "",
    is_partly: bool = False,
    rating: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """The resident says it is not solved: the case opens again by itself, with its own limit.

    The first time it stays with the handler; from the second time on it also climbs one level.
    """
    with transition(
        petition, Verb.DISPUTE, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        _record(change, Solved.PARTLY if is_partly else Solved.NO, rating)
        case.disputes += 1
        change.data = {"disputes": case.disputes, "partly": is_partly}
        change.add_note(reason, is_public=True)
        change.stop_deadlines(CANCELLED, DeadlineKind.CONFIRMATION)
        change.start_deadline(
            DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True
        )
        if case.disputes > ESCALATE_AFTER_DISPUTES:
            escalation_chain.escalate_to(change, deadline=None)
    return change.petition


def rate(*, petition: Petition, by: By, now: dt.datetime, rating: int) -> Petition:
    """Rate the answer, 1 (very dissatisfied) to 5 (very satisfied), once per round."""
    with transition(petition, Verb.RATE, by=by, now=now) as change:
        given = Feedback.objects.filter(
            petition=change.petition, round=change.petition.round
        ).first()
        if given is not None and given.rating is not None:
            raise WrongState("already_rated", _("这一轮已经评价过了。"))
        if given is None:
            given = Feedback(petition=change.petition, round=change.petition.round, at=now)
        given.rating = rating
        given.save()
        change.data = {"round": change.petition.round}
    return change.petition


def close(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Close after a follow-up by somebody other than the handler; the reason is kept."""
    with transition(
        petition, Verb.CLOSE, by=by, now=now, expected_version=expected_version
    ) as change:
        change.add_note(reason, is_public=False)
        _close(change, ClosedBy.FOLLOW_UP)
    return change.petition


def reopen(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Handle a closed or declined case again, inside the window counted from `resolved_at`."""
    with transition(
        petition, Verb.REOPEN, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        if isinstance(by, Petitioner) and not (
            case.resolved_at and change.terms.may_reopen(case.resolved_at, now)
        ):
            raise WrongState("window_closed", _("再办期限已过，如有新情况请重新反映。"))
        change.add_note(reason, is_public=True)
        case.closed_at, case.closed_by = None, ""
        change.stop_deadlines(CANCELLED, DeadlineKind.CONFIRMATION)
        change.start_deadline(
            DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True
        )
    return change.petition


def withdraw(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str = "",
    expected_version: int | None = None,
) -> Petition:
    """Take the report back; staff do so only on the resident's word, which is kept."""
    with transition(
        petition, Verb.WITHDRAW, by=by, now=now, expected_version=expected_version
    ) as change:
        change.add_note(reason, is_public=True)
        change.petition.is_answer_owed = False
        change.stop_deadlines(CANCELLED, *STAFF_DEADLINES, DeadlineKind.CONFIRMATION)
        _erase_doors(change)
    return change.petition


def _record(change: Transition, solved: Solved, rating: int | None) -> None:
    said = Feedback.objects.filter(petition=change.petition, round=change.petition.round).first()
    given = said or Feedback(petition=change.petition, round=change.petition.round, at=change.now)
    if given.solved:
        raise WrongState("already_answered", _("这一轮已经回复过了。"))
    given.solved = solved
    given.rating = given.rating or rating
    given.is_by_phone = not isinstance(change.by, Petitioner)
    given.save()


def _close(change: Transition, way: ClosedBy) -> None:
    change.petition.closed_at = change.now
    change.petition.closed_by = way
    change.petition.is_answer_owed = False
    change.stop_deadlines(
        MET if way != ClosedBy.SILENCE else DeadlineState.FIRED, DeadlineKind.CONFIRMATION
    )
    change.stop_deadlines(CANCELLED, DeadlineKind.ANSWER)
    _erase_doors(change)


def close_as_silent(change: Transition) -> None:
    """Close because the resident did not answer in time; silence is a row of its own."""
    if (
        not Feedback.objects.filter(petition=change.petition, round=change.petition.round)
        .exclude(solved="")
        .exists()
    ):
        Feedback.objects.update_or_create(
            petition=change.petition,
            round=change.petition.round,
            defaults={"solved": Solved.SILENCE, "at": change.now},
        )
    _close(change, ClosedBy.SILENCE)


def _erase_doors(change: Transition) -> None:
    """Erase the doors of the case and keep their counts in its event."""
    doors = DoorVisit.objects.filter(petition=change.petition)
    counts = doors.order_by().values("result").annotate(count=Count("id"))
    change.data["doors"] = {row["result"]: row["count"] for row in counts}
    if change.data["doors"]:
        doors.delete()
