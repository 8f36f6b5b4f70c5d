"""Verbs around the answer: resolve, confirm, dispute, rate, close, reopen, withdraw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from petitions import permissions
from petitions.actors import By, Petitioner
from petitions.enums import (
    RESIDENT_AGREED,
    STAFF_DEADLINES,
    ClosedBy,
    DeadlineKind,
    DeadlineState,
    Outcome,
    PhotoKind,
    Solved,
    Verb,
)
from petitions.models import Feedback, Petition
from petitions.rules import answer_question
from petitions.rules.photos import StoredPhoto
from petitions.workflow import succession, task_verbs
from petitions.workflow.case_store import transition
from petitions.workflow.escalation import escalate_to, restore_owed_answer
from petitions.workflow.transitions import Transition, WrongState

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
    """Answer the resident, who is asked to confirm; the handling side's deadlines are met.

    Tasks that are not concluded are cancelled: the resident has the answer.
    """
    with transition(
        petition, Verb.RESOLVE, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        case.outcome = outcome
        case.cause, case.public_answer = cause.strip(), public_answer.strip()  # as in the note
        case.resolved_at, case.resolved_by = now, change.user
        case.round += 1
        case.resolution_level = case.level
        case.is_answer_owed = False
        change.data = {"outcome": str(outcome), "round": case.round}
        # A later round overwrites the case's answer and cause; the note keeps these.
        change.add_note(public_answer, is_public=True, cause=cause)
        change.add_photos(photos, kind=PhotoKind.ANSWER, is_public=True)
        change.stop_deadlines(MET, *STAFF_DEADLINES)
        task_verbs.cancel_with_case(change)
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
    """Record that the resident agrees with the answer, and close the case.

    To an answer that explains why nothing is done, the resident says that she accepts it. Staff
    record it after calling the resident.
    """
    with transition(
        petition, Verb.CONFIRM, by=by, now=now, expected_version=expected_version
    ) as change:
        solved, closed_by = answer_question.said_yes(change.petition)
        _record(change, solved, rating)
        change.data = {"by_phone": not isinstance(by, Petitioner), "said": str(solved)}
        _close(change, closed_by if isinstance(by, Petitioner) else ClosedBy.FOLLOW_UP)
    return change.petition


@succession.to_present_holder
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
    """Record that the resident does not agree: the case reopens with a deadline of its own.

    It is also escalated by one level from the second dispute on, and at once if the resident does
    not accept the explanation why nothing is done. Otherwise an answer that the supervisor owed
    when the case was resolved is owed again.

    A rating is dropped where `by` could not rate: disagreeing is open to more than rating is.
    """
    with transition(
        petition, Verb.DISPUTE, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        solved = answer_question.said_no(case, is_partly=is_partly)
        _record(change, solved, rating)
        case.disputes += 1
        change.data = {
            "disputes": case.disputes,
            "partly": solved == Solved.PARTLY,
            "said": str(solved),
        }
        change.add_note(reason, is_public=True)
        change.stop_deadlines(CANCELLED, DeadlineKind.CONFIRMATION)
        change.start_deadline(
            DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True
        )
        if case.disputes > ESCALATE_AFTER_DISPUTES or case.is_explained:
            escalate_to(change, deadline=None, is_asked_by_resident=True)
        else:
            restore_owed_answer(change)
    return change.petition


def rate(
    *, petition: Petition, by: By, now: dt.datetime, rating: int, round_seen: int | None = None
) -> Petition:
    """Rate the answer, 1 (very dissatisfied) to 5 (very satisfied), once per round.

    `round_seen`: the round of the answer that the resident saw; None if it is the present one.
    Refused if there is a newer answer.
    """
    with transition(petition, Verb.RATE, by=by, now=now) as change:
        if round_seen not in (None, change.petition.round):
            raise WrongState("stale", _("后来又有了新的答复，请看过以后再评价。"))
        feedback = _feedback(change)
        if feedback.rating is not None:
            raise WrongState("already_rated", _("这一轮已经评价过了。"))
        feedback.rating = rating
        change.feedback = feedback
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
    """Close after a follow-up by somebody other than the handler; the reason is stored."""
    with transition(
        petition, Verb.CLOSE, by=by, now=now, expected_version=expected_version
    ) as change:
        change.add_note(reason, is_public=False)
        _close(change, ClosedBy.FOLLOW_UP)
    return change.petition


@succession.to_present_holder
def reopen(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Reopen a closed or declined case; residents may do so for a limited time after the answer.

    Staff do so only if they never worked on it. An answer that the supervisor owed when the case
    ended is owed again, unless the resident had agreed to the answer.
    """
    with transition(
        petition, Verb.REOPEN, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        if isinstance(by, Petitioner) and not (
            case.resolved_at and change.terms.may_reopen(case.resolved_at, now)
        ):
            raise WrongState("window_closed", _("再办期限已过，如有新情况请重新反映。"))
        change.add_note(reason, is_public=True)
        has_agreed = case.closed_by in RESIDENT_AGREED
        case.closed_at, case.closed_by = None, ""
        change.stop_deadlines(CANCELLED, DeadlineKind.CONFIRMATION)
        change.start_deadline(
            DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True
        )
        if not has_agreed:
            restore_owed_answer(change)
    return change.petition


def withdraw(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str = "",
    expected_version: int | None = None,
) -> Petition:
    """Withdraw the report; staff do so at the resident's request, and the reason is stored."""
    with transition(
        petition, Verb.WITHDRAW, by=by, now=now, expected_version=expected_version
    ) as change:
        change.add_note(reason, is_public=True)
        change.petition.is_answer_owed = False
        change.stop_deadlines(CANCELLED, *STAFF_DEADLINES, DeadlineKind.CONFIRMATION)
        task_verbs.cancel_with_case(change)
        change.erase_doors()
    return change.petition


def _feedback(change: Transition) -> Feedback:
    """Return the resident's feedback on the present round, a new row if there is none yet."""
    petition = change.petition
    return change.store.feedback(petition) or Feedback(
        petition=petition, round=petition.round, at=change.now
    )


def _record(change: Transition, solved: Solved, rating: int | None) -> None:
    feedback = _feedback(change)
    if feedback.solved:
        raise WrongState("already_answered", _("这一轮已经回复过了。"))
    feedback.solved = solved
    if rating is not None and permissions.is_rating_stored(change.petition, change.by):
        feedback.rating = feedback.rating or rating
    feedback.is_by_phone = not isinstance(change.by, Petitioner)
    change.feedback = feedback


def _close(change: Transition, closed_by: ClosedBy) -> None:
    change.petition.closed_at = change.now
    change.petition.closed_by = closed_by
    change.petition.is_answer_owed = False
    change.stop_deadlines(
        MET if closed_by != ClosedBy.SILENCE else DeadlineState.FIRED, DeadlineKind.CONFIRMATION
    )
    change.stop_deadlines(CANCELLED, DeadlineKind.ANSWER)
    change.erase_doors()


def close_as_silent(change: Transition) -> None:
    """Close because the resident did not answer in time; silence is stored as feedback."""
    feedback = _feedback(change)
    if not feedback.solved:
        feedback.solved, feedback.at = Solved.SILENCE, change.now
        change.feedback = feedback
    _close(change, ClosedBy.SILENCE)
