"""A running case always has a deadline that runs, or an answer that somebody owes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.enums import AnswerKind, DeadlineKind, DeadlineState, Outcome, Status, Verb
from petitions.models import Category, Deadline, Escalation, Petition
from petitions.ops import integrity
from petitions.rules import duties, moved_deadlines, promises
from petitions.workflow import escalation, handling, rerouting, resolution
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.cast import Stage
from tests.support.returned_cases import HOUR, NOON, case_of, expire, give_post, returned

SILENT = "running_without_anything_that_runs"


def _running(petition: Petition) -> set[str]:
    """Return the kinds of deadlines that run."""
    rows = Deadline.objects.filter(petition=petition, state=DeadlineState.OPEN)
    return set(rows.values_list("kind", flat=True))


def _overdue(stage: Stage) -> tuple[Petition, dt.datetime]:
    """Return a case that the branch accepted and did not resolve in time."""
    petition = handling.accept(petition=case_of(stage, "branch"), by=stage.cast["deputy"], now=NOON)
    now = expire(petition, DeadlineKind.RESOLUTION)
    assert petition.is_answer_owed
    return petition, now


def _answer(
    stage: Stage, petition: Petition, name: str, now: dt.datetime, kind: str = "overrule"
) -> Petition:
    how: dict[str, Any] = {"kind": AnswerKind(kind), "text": "请照办"}
    return escalation.answer(petition=petition, by=stage.cast[name], now=now, **how)


def _resolve(petition: Petition, by: User, now: dt.datetime) -> Petition:
    answer: dict[str, Any] = {
        "outcome": Outcome.RESOLVED,
        "cause": "老旧",
        "public_answer": "已换。",
    }
    return resolution.resolve(petition=petition, by=by, now=now, **answer)


def test_a_case_taken_over_by_its_supervisor_has_a_new_date(stage: Stage) -> None:
    petition, now = _overdue(stage)
    taken = rerouting.reassign(
        petition=petition,
        by=stage.cast["clerk"],
        now=now,
        organisation=stage.town.orgs["yingbin"],
        reason="社区来办",
    )
    assert _running(taken) == {DeadlineKind.CONTACT, DeadlineKind.RESOLUTION}
    words = promises.promise(taken, now, taken.deadlines.owed())
    assert words is not None
    assert "超期" not in words.text
    accepted = handling.accept(petition=taken, by=stage.cast["community"], now=now + HOUR)
    assert _running(accepted) == {DeadlineKind.RESOLUTION}
    expire(accepted, DeadlineKind.RESOLUTION)
    assert accepted.supervisor == stage.town.orgs["fuxin"]


def test_an_answer_before_the_case_is_accepted_leaves_no_silence(stage: Stage) -> None:
    petition = returned(stage)
    now = expire(petition, DeadlineKind.RESOLUTION)
    petition = rerouting.reassign(
        petition=petition,
        by=stage.cast["community"],
        now=now,
        organisation=petition.organisation,
        reason="归你们办",
    )
    petition = _answer(stage, petition, "community", now)
    petition = handling.accept(petition=petition, by=stage.cast["secretary"], now=now)
    assert _running(petition) == {DeadlineKind.RESOLUTION}


def test_accepting_sets_a_date_where_only_a_missed_one_is_left(stage: Stage) -> None:
    """The answer comes while the time to accept runs, after the date for the result passed."""
    petition = case_of(stage, "branch")
    Deadline.objects.filter(petition=petition, kind=DeadlineKind.CONTACT).update(
        due_at=NOON + 100 * HOUR, remind_at=NOON + 90 * HOUR
    )
    now = expire(petition, DeadlineKind.RESOLUTION)
    petition = _answer(stage, petition, "community", now)
    assert _running(petition) == {DeadlineKind.CONTACT}
    petition = handling.accept(petition=petition, by=stage.cast["secretary"], now=now)
    assert _running(petition) == {DeadlineKind.RESOLUTION}
    assert petition.due_at is not None


def test_integrity_names_a_case_in_which_nothing_runs(stage: Stage) -> None:
    petition = handling.accept(
        petition=case_of(stage, "branch"), by=stage.cast["secretary"], now=NOON
    )
    assert not integrity.check(NOON, with_photos=False)[SILENT]
    Deadline.objects.open().filter(petition=petition).update(
        state=DeadlineState.FIRED, ended_at=NOON
    )
    assert integrity.check(NOON, with_photos=False)[SILENT] == 1


# --- Ended and reopened -----------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["resolve", "decline"])
def test_who_worked_on_a_case_does_not_reopen_it(stage: Stage, ending: str) -> None:
    """Otherwise ending and reopening would buy time."""
    petition = case_of(stage, "yingbin")
    by: dict[str, Any] = {"by": stage.cast["community"], "now": NOON}
    if ending == "decline":
        ended = handling.decline(petition=petition, reason="不在范围", **by)
    else:
        accepted = handling.accept(petition=petition, **by)
        ended = _resolve(accepted, stage.cast["community"], NOON)
    with pytest.raises((NotPermitted, WrongState)) as refusal:
        resolution.reopen(petition=ended, reason="继续办", **by)
    assert refusal.value.code == "own_work"
    official: dict[str, Any] = {"by": stage.cast["official"], "now": NOON}
    reopened = resolution.reopen(petition=ended, reason="居民来电", **official)
    assert reopened.status == Status.REOPENED


def test_an_answer_owed_when_the_case_ended_is_owed_again(stage: Stage) -> None:
    petition, now = _overdue(stage)
    resolved = _resolve(petition, stage.cast["secretary"], now)
    assert not resolved.is_answer_owed
    reopened = resolution.reopen(petition=resolved, by=stage.cast["clerk"], now=now, reason="还漏")
    assert reopened.is_answer_owed
    assert _running(reopened) == {DeadlineKind.RESOLUTION, DeadlineKind.ANSWER}
    assert reopened.answer_due_at is not None
    assert permissions.may(Verb.ANSWER, reopened, stage.cast["community"])


# --- Up to the top ----------------------------------------------------------------------------


def test_who_waits_for_an_answer_does_not_escalate_again(stage: Stage) -> None:
    by: dict[str, Any] = {"by": stage.cast["secretary"], "now": NOON, "reason": "要支援"}
    petition = escalation.escalate(petition=case_of(stage, "branch"), **by)
    with pytest.raises((NotPermitted, WrongState)) as refusal:
        escalation.escalate(petition=petition, **by)
    assert refusal.value.code == "answer_owed"
    assert "迎宾路社区党委" in refusal.value.message
    passed_on = escalation.escalate(petition=petition, **by | {"by": stage.cast["community"]})
    assert passed_on.supervisor == stage.town.orgs["fuxin"]


def test_at_the_top_a_later_miss_is_owed_an_answer_again(stage: Stage) -> None:
    petition, now = _overdue(stage)
    for name in ("community", "official"):
        petition = escalation.escalate(
            petition=petition, by=stage.cast[name], now=now, reason="要支援"
        )
    petition = _answer(stage, petition, "city", now)
    assert not petition.is_answer_owed
    expire(petition, DeadlineKind.RESOLUTION)
    assert petition.is_answer_owed
    assert petition.supervisor == stage.town.orgs["city"]
    row = Escalation.objects.filter(petition=petition).latest("id")
    assert (row.from_organisation, row.to_organisation) == (
        stage.town.orgs["branch"],
        stage.town.orgs["city"],
    )


def test_a_case_of_the_city_gets_a_new_date_each_time_the_last_one_passes(stage: Stage) -> None:
    """Nobody stands above the city: no answer could be owed, and the case stays overdue."""
    petition = case_of(stage, "city")
    first = petition.due_at
    expire(petition, DeadlineKind.CONTACT)
    assert _running(petition) == {DeadlineKind.RESOLUTION}
    for _round in range(2):
        now = expire(petition, DeadlineKind.RESOLUTION)
        assert _running(petition) == {DeadlineKind.RESOLUTION}
        assert petition.due_at == first
        assert not integrity.check(now, with_photos=False)[SILENT]
    event = petition.events.get(version=petition.version)
    assert moved_deadlines.sentence(event).startswith("原定时限已过，新的办结时限：")


@pytest.mark.parametrize("verb", [Verb.DECLINE, Verb.REDIRECT])
def test_who_owes_an_answer_does_not_end_the_case_by_it(stage: Stage, verb: Verb) -> None:
    petition = case_of(stage, "branch")
    assert permissions.may(verb, petition, stage.cast["community"])
    now = expire(petition, DeadlineKind.CONTACT)
    refusal = permissions.may(verb, petition, stage.cast["community"])
    assert (refusal.code, refusal.is_wrong_person) == ("owes_answer", True)
    assert permissions.may(verb, petition, stage.cast["secretary"])
    assert permissions.may(verb, petition, stage.cast["official"])
    petition = _answer(stage, petition, "community", now)
    assert permissions.may(verb, petition, stage.cast["community"])


def test_a_branch_that_owes_its_group_an_answer_still_refers_the_resident(stage: Stage) -> None:
    petition = handling.accept(
        petition=case_of(stage, "branch"), by=stage.cast["secretary"], now=NOON
    )
    petition.supervisor_id, petition.is_answer_owed = petition.organisation_id, True
    assert permissions.may(Verb.REDIRECT, petition, stage.cast["secretary"])


# --- Clocks of a case that was given to another organisation ----------------------------------


def test_a_case_is_accepted_before_its_result_is_due(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    result = Deadline.objects.get(petition=petition, kind=DeadlineKind.RESOLUTION)
    at = result.due_at - HOUR / 2
    petition = rerouting.reassign(
        petition=petition,
        by=stage.cast["clerk"],
        now=at,
        organisation=stage.town.orgs["yingbin"],
        reason="社区来办",
    )
    contact = Deadline.objects.get(
        petition=petition, kind=DeadlineKind.CONTACT, state=DeadlineState.OPEN
    )
    assert contact.due_at == result.due_at == petition.due_at
    all_duties = duties.duties(petition, petition.deadlines.owed(), at)
    assert [duty.kind for duty in all_duties] == [DeadlineKind.CONTACT]


def test_a_disagreement_does_not_end_the_answer_that_is_owed(stage: Stage) -> None:
    petition, now = _overdue(stage)
    resolved = _resolve(petition, stage.cast["secretary"], now)
    disputed = resolution.dispute(petition=resolved, by=stage.petitioner(resolved), now=now)
    assert disputed.is_answer_owed
    assert DeadlineKind.ANSWER in _running(disputed)


# --- Who supervises after a reassignment ------------------------------------------------------


def _given_to(stage: Stage, petition: Petition, body: str, by: str, now: dt.datetime) -> Petition:
    return rerouting.reassign(
        petition=petition,
        by=stage.cast[by],
        now=now,
        organisation=stage.town.orgs[body],
        reason="由你们办",
    )


def test_the_branch_before_does_not_supervise_the_one_after(stage: Stage) -> None:
    """Where a group was late, its branch supervises it."""
    petition = handling.accept(
        petition=case_of(stage, "branch"), by=stage.cast["secretary"], now=NOON
    )
    petition = handling.dispatch(
        petition=petition, by=stage.cast["secretary"], now=NOON, group=stage.town.orgs["group"]
    )
    now = expire(petition, DeadlineKind.RESOLUTION)
    assert petition.supervisor == stage.town.orgs["branch"]
    given = _given_to(stage, petition, "other", "official", now)
    assert (given.supervisor, given.is_answer_owed) == (None, False)
    kept, at = _overdue(stage)
    assert _given_to(stage, kept, "other", "official", at).supervisor is None


def test_an_asking_supervisor_does_not_answer_from_another_post(stage: Stage) -> None:
    petition, now = _overdue(stage)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["clerk"], now=now, reason="要支援"
    )
    assert petition.supervisor == stage.town.orgs["fuxin"]
    give_post(stage, "community", Role.SUBDISTRICT_OFFICIAL, "fuxin", is_deputy=True)
    stage.cast["community"] = User.objects.get(pk=stage.cast["community"].pk)
    with pytest.raises(NotPermitted) as refusal:
        _answer(stage, petition, "community", now)
    assert refusal.value.code == "own_request"
    assert not _answer(stage, petition, "official", now).is_answer_owed


def test_the_time_to_accept_is_short_in_the_last_minute(stage: Stage) -> None:
    petition = case_of(stage, "branch", category=Category.objects.get(code="WS05"))
    result = Deadline.objects.get(petition=petition, kind=DeadlineKind.RESOLUTION)
    at = result.due_at - dt.timedelta(seconds=40)
    given = _given_to(stage, petition, "yingbin", "clerk", at)
    contact = Deadline.objects.get(
        petition=given, kind=DeadlineKind.CONTACT, state=DeadlineState.OPEN
    )
    assert contact.due_at - at <= dt.timedelta(minutes=1)
