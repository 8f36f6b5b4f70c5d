"""Verbs around the answer: resolve, confirm, dispute, rate, close, reopen, withdraw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count
from django.utils.translation import gettext as _

from petitions import deadlines
from petitions.enums import ClosedBy, DeadlineKind, DeadlineState, Outcome, PhotoKind, Solved, Verb
from petitions.models import DoorVisit, Feedback, Petition
from petitions.permissions import By, Petitioner
from petitions.photos import StoredPhoto
from petitions.workflow import ladder
from petitions.workflow.engine import NotNow, Step, step

MET = DeadlineState.MET
CANCELLED = DeadlineState.CANCELLED
HANDLER_SIDE = (DeadlineKind.CONTACT, DeadlineKind.RESOLUTION, DeadlineKind.ANSWER)
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
    with step(petition, Verb.RESOLVE, by=by, now=now, expected_version=expected_version) as one:
        case = one.petition
        case.outcome, case.cause, case.public_answer = outcome, cause, public_answer
        case.resolved_at, case.resolved_by = now, one.user
        case.round += 1
        case.resolution_level = case.level
        case.is_answer_owed = False
        one.data = {"outcome": str(outcome), "round": case.round}
        # Both stay in the story when a later round replaces them.
        one.say(public_answer, is_public=True, cause=cause)
        one.attach(photos, kind=PhotoKind.ANSWER, is_public=True)
        one.end(MET, *HANDLER_SIDE)
        one.begin(DeadlineKind.CONFIRMATION, organisation_id=None)
    return one.petition


def confirm(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    rating: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """The resident says it is solved: the case closes. Staff record it after calling back."""
    with step(petition, Verb.CONFIRM, by=by, now=now, expected_version=expected_version) as one:
        _record(one, Solved.YES, rating)
        one.data = {"by_phone": not isinstance(by, Petitioner)}
        _close(one, ClosedBy.CONFIRMED if isinstance(by, Petitioner) else ClosedBy.FOLLOW_UP)
    return one.petition


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
    with step(petition, Verb.DISPUTE, by=by, now=now, expected_version=expected_version) as one:
        case = one.petition
        _record(one, Solved.PARTLY if is_partly else Solved.NO, rating)
        case.disputes += 1
        one.data = {"disputes": case.disputes, "partly": is_partly}
        one.say(reason, is_public=True)
        one.end(CANCELLED, DeadlineKind.CONFIRMATION)
        one.begin(DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True)
        if case.disputes > ESCALATE_AFTER_DISPUTES:
            ladder.climb(one, deadline=None)
    return one.petition


def rate(*, petition: Petition, by: By, now: dt.datetime, rating: int) -> Petition:
    """Rate the answer, 1 (very dissatisfied) to 5 (very satisfied), once per round."""
    with step(petition, Verb.RATE, by=by, now=now) as one:
        given = Feedback.objects.filter(petition=one.petition, round=one.petition.round).first()
        if given is not None and given.rating is not None:
            raise NotNow("already_rated", _("这一轮已经评价过了。"))
        if given is None:
            given = Feedback(petition=one.petition, round=one.petition.round, at=now)
        given.rating = rating
        given.save()
        one.data = {"round": one.petition.round}
    return one.petition


def close(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Close after a follow-up by somebody other than the handler; the reason is kept."""
    with step(petition, Verb.CLOSE, by=by, now=now, expected_version=expected_version) as one:
        one.say(reason, is_public=False)
        _close(one, ClosedBy.FOLLOW_UP)
    return one.petition


def reopen(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Handle a closed or declined case again, inside the window counted from `resolved_at`."""
    with step(petition, Verb.REOPEN, by=by, now=now, expected_version=expected_version) as one:
        case = one.petition
        if isinstance(by, Petitioner) and not (
            case.resolved_at
            and deadlines.may_reopen(one.standard, one.calendar, case.resolved_at, now)
        ):
            raise NotNow("window_closed", _("再办期限已过，如有新情况请重新反映。"))
        one.say(reason, is_public=True)
        case.closed_at, case.closed_by = None, ""
        one.end(CANCELLED, DeadlineKind.CONFIRMATION)
        one.begin(DeadlineKind.RESOLUTION, organisation_id=case.organisation_id, is_redo=True)
    return one.petition


def withdraw(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str = "",
    expected_version: int | None = None,
) -> Petition:
    """Take the report back; staff do so only on the resident's word, which is kept."""
    with step(petition, Verb.WITHDRAW, by=by, now=now, expected_version=expected_version) as one:
        one.say(reason, is_public=True)
        one.petition.is_answer_owed = False
        one.end(CANCELLED, *HANDLER_SIDE, DeadlineKind.CONFIRMATION)
        _erase_doors(one)
    return one.petition


def _record(one: Step, solved: Solved, rating: int | None) -> None:
    said = Feedback.objects.filter(petition=one.petition, round=one.petition.round).first()
    given = said or Feedback(petition=one.petition, round=one.petition.round, at=one.now)
    if given.solved:
        raise NotNow("already_answered", _("这一轮已经回复过了。"))
    given.solved = solved
    given.rating = given.rating or rating
    given.is_by_phone = not isinstance(one.by, Petitioner)
    given.save()


def _close(one: Step, way: ClosedBy) -> None:
    one.petition.closed_at = one.now
    one.petition.closed_by = way
    one.petition.is_answer_owed = False
    one.end(MET if way != ClosedBy.SILENCE else DeadlineState.FIRED, DeadlineKind.CONFIRMATION)
    one.end(CANCELLED, DeadlineKind.ANSWER)
    _erase_doors(one)


def close_as_silent(one: Step) -> None:
    """Close because the resident did not answer in time; silence is a row of its own."""
    if (
        not Feedback.objects.filter(petition=one.petition, round=one.petition.round)
        .exclude(solved="")
        .exists()
    ):
        Feedback.objects.update_or_create(
            petition=one.petition,
            round=one.petition.round,
            defaults={"solved": Solved.SILENCE, "at": one.now},
        )
    _close(one, ClosedBy.SILENCE)


def _erase_doors(one: Step) -> None:
    """Erase the doors of the case and keep their counts in its event."""
    doors = DoorVisit.objects.filter(petition=one.petition)
    counts = doors.order_by().values("result").annotate(count=Count("id"))
    one.data["doors"] = {row["result"]: row["count"] for row in counts}
    if one.data["doors"]:
        doors.delete()
