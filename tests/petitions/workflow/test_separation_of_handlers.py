"""Separation of duties: who handles a case does not confirm it, who asks does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from petitions import case_workers, permissions
from petitions.actors import Petitioner
from petitions.enums import AnswerKind, DeadlineKind, Outcome, Status, Verb
from petitions.models import Deadline, Petition
from petitions.rules import duties
from petitions.rules.contacts import ContactDetails
from petitions.workflow import deadline_sweep, escalation, handling, rerouting, resolution
from petitions.workflow.transitions import NotPermitted
from tests.support import task_steps
from tests.support.api_client import Program
from tests.support.cast import PHONE, STEPS, Stage, walk
from tests.support.clients import login
from tests.support.returned_cases import give_post, may
from tests.support.verb_cases import CASE_OF, url_of

NOW = timezone.now()
FOLLOW_UP = (Verb.CONFIRM, Verb.DISPUTE, Verb.CLOSE, Verb.WITHDRAW)
ANSWER: dict[str, Any] = {"kind": AnswerKind.RESOURCES, "text": "可以", "now": NOW}


def resolved_by_community(stage: Stage) -> Petition:
    """Return a case that the community itself handled and resolved."""
    petition = stage.file(place=stage.town.areas["yingbin"], now=NOW).petition
    by: dict[str, Any] = {"by": stage.cast["community"], "now": NOW}
    handling.accept(petition=petition, **by)
    return resolution.resolve(
        petition=petition, outcome=Outcome.RESOLVED, cause="老旧", public_answer="已更换。", **by
    )


def fresh(stage: Stage, name: str) -> User:
    """Return a person of the cast with the posts held now."""
    return User.objects.get(pk=stage.cast[name].pk)


# --- Handler and caller-back ------------------------------------------------------------------


@pytest.mark.parametrize("verb", FOLLOW_UP)
def test_a_desk_does_not_follow_up_its_own_work(stage: Stage, verb: Verb) -> None:
    """Nobody at the community does, whoever resolved the case; the subdistrict does."""
    petition = resolved_by_community(stage)
    case = CASE_OF[verb]
    for name in ("clerk", "community"):
        decision = may(verb, petition, stage.cast[name])
        assert (decision.ok, decision.code) == (False, "own_work")
        page = login(stage, name).post(url_of(petition, verb), case.form_data(stage, petition))
        assert page.status_code == 403
        assert "没有参与办理" in page.content.decode()
        program = Program(stage.cast[name])
        answer = program.act(petition.pk, str(verb), {}, version=petition.version)
        assert (answer.status_code, answer.json()["code"]) == (403, "own_work")
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    assert may(verb, petition, stage.cast["official"])


@pytest.mark.parametrize("verb", FOLLOW_UP)
@pytest.mark.parametrize(
    ("role", "body"),
    [
        (Role.BRANCH_SECRETARY, "branch"),
        (Role.GROUP_LEADER, "group2"),
        (Role.MEMBER, "branch"),
        (Role.MEMBER, "group2"),
    ],
)
def test_every_post_counts(stage: Stage, verb: Verb, role: Role, body: str) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    assert may(verb, petition, stage.cast["clerk"])
    give_post(stage, "clerk", role, body, is_deputy=role != Role.MEMBER)
    assert may(verb, petition, stage.cast["clerk"]).code == "own_work"
    assert may(verb, petition, stage.cast["community"])


def test_persons_count_after_they_changed_their_post(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    Post.objects.filter(user=stage.cast["secretary"]).delete()
    give_post(stage, "secretary", Role.STAFF, "yingbin")
    assert may(Verb.CONFIRM, petition, stage.cast["secretary"]).code == "own_work"


def test_an_assignee_does_not_follow_up(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    handling.dispatch(
        petition=petition, by=stage.cast["secretary"], now=NOW, users=[stage.cast["member"]]
    )
    Post.objects.filter(user=stage.cast["member"]).delete()
    give_post(stage, "member", Role.STAFF, "yingbin")
    assert may(Verb.WITHDRAW, petition, stage.cast["member"]).code == "own_work"
    assert may(Verb.WITHDRAW, petition, stage.cast["clerk"])


def test_people_of_a_department_count_after_they_changed_their_post(stage: Stage) -> None:
    petition = resolution.resolve(
        petition=task_steps.concluded(stage, now=NOW),
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="立管老化",
        public_answer="已更换立管。",
    )
    Post.objects.filter(user=stage.cast["department"]).delete()
    give_post(stage, "department", Role.STAFF, "yingbin")
    with pytest.raises(NotPermitted, match="没有参与办理"):
        resolution.confirm(petition=petition, by=fresh(stage, "department"), now=NOW)
    assert resolution.confirm(petition=petition, by=stage.cast["clerk"], now=NOW)


def test_the_case_page_says_who_has_to_call(stage: Stage) -> None:
    petition = resolved_by_community(stage)
    reasons = dict(permissions.refused_verbs(petition, stage.cast["clerk"]))
    assert "没有参与办理" in reasons[Verb.CONFIRM]
    assert duties.next_verb(petition, stage.cast["clerk"]) is None
    assert duties.next_verb(petition, stage.cast["official"]) == Verb.CONFIRM


# --- Asker and answerer -----------------------------------------------------------------------


def test_nobody_answers_the_escalation_of_the_own_organisation(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["deputy"], now=NOW, reason="需要资金"
    )
    assert petition.supervisor == stage.town.orgs["yingbin"]
    give_post(stage, "deputy", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    assert may(Verb.ANSWER, petition, stage.cast["deputy"]).code == "own_request"
    with pytest.raises(NotPermitted, match="不能自己答复"):
        escalation.answer(petition=petition, by=fresh(stage, "deputy"), **ANSWER)
    assert escalation.answer(petition=petition, by=stage.cast["community"], **ANSWER)


def test_who_asked_does_not_answer_from_a_later_post(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["clerk"], now=NOW, reason="需要资金"
    )
    give_post(stage, "clerk", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    with pytest.raises(NotPermitted, match="不能自己答复"):
        escalation.answer(petition=petition, by=fresh(stage, "clerk"), **ANSWER)


def test_an_escalation_never_goes_to_who_asks(stage: Stage) -> None:
    """The community's secretary, who coordinates the case, asks the level above the own one."""
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["community"], now=NOW, reason="需要资金"
    )
    assert petition.supervisor == stage.town.orgs["fuxin"]


def test_a_head_of_both_levels_is_passed_over(stage: Stage) -> None:
    Post.objects.filter(user=stage.cast["community"]).delete()
    give_post(stage, "secretary", Role.COMMUNITY_SECRETARY, "yingbin")
    petition = stage.file(now=NOW).petition
    row = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONTACT)
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    petition.refresh_from_db()
    assert petition.supervisor == stage.town.orgs["fuxin"]


def test_a_branch_still_answers_for_its_late_group(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED, now=NOW)
    row = Deadline.objects.get(petition=petition, kind=DeadlineKind.RESOLUTION)
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    petition.refresh_from_db()
    assert petition.supervisor == stage.town.orgs["branch"]
    assert may(Verb.ANSWER, petition, stage.cast["secretary"])
    give_post(stage, "deputy", Role.GROUP_LEADER, "group", is_deputy=True)
    assert may(Verb.ANSWER, petition, stage.cast["deputy"]).code == "own_request"


@pytest.mark.parametrize("verb", FOLLOW_UP)
def test_no_page_offers_a_follow_up_to_who_worked_on_the_case_before(
    stage: Stage, verb: Verb
) -> None:
    """The community accepted the case before it gave it to the branch."""
    petition = stage.file(place=stage.town.areas["yingbin"], now=NOW).petition
    petition = handling.accept(petition=petition, by=stage.cast["community"], now=NOW)
    petition = rerouting.reassign(
        petition=petition,
        by=stage.cast["official"],
        now=NOW,
        organisation=stage.town.orgs["branch"],
        reason="由支部办",
    )
    petition = walk(stage, petition, Status.RESOLVED, NOW)
    address = f"/petitions/{petition.pk}/{verb}/"
    assert address in login(stage, "official").get(petition.get_absolute_url()).content.decode()
    client = login(stage, "community")
    assert f'href="{address}' not in client.get(petition.get_absolute_url()).content.decode()
    assert client.get(address).status_code == 403
    assert address not in client.get("/").content.decode()
    allowed = Program(stage.cast["community"]).get(f"/petitions/{petition.pk}/").json()
    assert str(verb) not in allowed["verbs"]


# --- Coordinators who decided in place of the handlers ----------------------------------------


def test_who_logs_and_accepts_a_case_for_the_branch_does_not_lock_the_resident_out(
    stage: Stage,
) -> None:
    petition = stage.file(by="clerk", now=NOW, contact=ContactDetails(phone=PHONE)).petition
    petition = handling.accept(petition=petition, by=stage.cast["clerk"], now=NOW)
    for step in ("start", "resolve"):
        petition = STEPS[step](stage, petition, NOW)
    resident = Petitioner(petition.pk, has_given_phone=True)
    assert permissions.may(Verb.CONFIRM, petition, resident)


@pytest.mark.parametrize("end", [handling.decline, handling.redirect])
def test_who_ended_a_case_of_the_branch_worked_on_it(stage: Stage, end: Any) -> None:
    petition = stage.file(now=NOW).petition
    petition = end(petition=petition, by=stage.cast["clerk"], now=NOW, reason="先不办")
    stored = Petition.objects.get(pk=petition.pk)
    for case in (petition, stored):
        workers = case_workers.of(case)
        assert stage.cast["clerk"].pk in workers.user_ids
        assert stage.town.orgs["yingbin"].pk in workers.organisation_ids
    assert not case_workers.include(stage.cast["official"].scope, stored)


def test_who_declined_a_case_does_not_reopen_it(stage: Stage) -> None:
    """An overdue case would get new deadlines."""
    petition = stage.file(now=NOW).petition
    handling.decline(petition=petition, by=stage.cast["clerk"], now=NOW, reason="先不办")
    for name in ("clerk", "community"):
        assert may(Verb.REOPEN, petition, stage.cast[name]).code == "own_work"
    assert may(Verb.REOPEN, petition, stage.cast["official"])
