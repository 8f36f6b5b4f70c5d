"""Who was asked for an answer gives one: it is not waited out, passed up or given to oneself."""

from __future__ import annotations

import datetime as dt

import pytest

from branches.enums import OrgKind, OrgLevel
from branches.workflow import add_organisation
from members.enums import Role
from members.models import Post, User
from petitions import involvement, permissions
from petitions.enums import AnswerKind, CaseLevel, DeadlineKind, Outcome, Status, Verb
from petitions.models import Escalation, Petition
from petitions.rules import duties
from petitions.workflow import escalation, handling, rerouting, resolution
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.cast import SINCE, Stage
from tests.support.returned_cases import NOON, case_of, expire, give_post, may, returned


def fresh(stage: Stage, name: str) -> User:
    """Return a person of the cast with the posts held now."""
    return User.objects.get(pk=stage.cast[name].pk)


def _given_to(stage: Stage, petition: Petition, body: str, by: str) -> Petition:
    return rerouting.reassign(
        petition=petition,
        by=fresh(stage, by),
        now=NOON,
        organisation=stage.town.orgs[body],
        reason="由你们办",
    )


# --- Asked, and gave none ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", [Verb.WITHDRAW, Verb.DECLINE, Verb.REDIRECT])
def test_letting_the_time_pass_does_not_free_who_owed_an_answer(stage: Stage, verb: Verb) -> None:
    petition = case_of(stage, "branch")
    expire(petition, DeadlineKind.CONTACT)
    expire(petition, DeadlineKind.ANSWER)
    assert petition.supervisor == stage.town.orgs["fuxin"]
    for name in ("clerk", "community", "official"):
        assert may(verb, petition, stage.cast[name]).code == "owes_answer"
    answered = escalation.answer(
        petition=petition, by=stage.cast["official"], now=NOON, kind=AnswerKind.OVERRULE, text="办"
    )
    assert may(verb, answered, stage.cast["official"]).code != "owes_answer"
    assert may(verb, answered, stage.cast["clerk"]).code == "owes_answer"


def test_a_missed_decision_on_a_return_is_not_ended_by_a_withdrawal(stage: Stage) -> None:
    petition = returned(stage)
    expire(petition)
    assert may(Verb.WITHDRAW, petition, stage.cast["clerk"]).code == "owes_answer"


def test_the_code_of_who_logged_the_case_withdraws_nothing_after_the_miss(stage: Stage) -> None:
    petition = stage.file(by="clerk", now=NOON).petition
    for kind in (DeadlineKind.CONTACT, DeadlineKind.ANSWER):
        expire(petition, kind)
    refusal = permissions.may(Verb.WITHDRAW, petition, stage.petitioner(petition))
    assert refusal.code == "code_known"


def test_a_case_is_not_passed_up_instead_of_an_answer(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    expire(petition, DeadlineKind.CONTACT)
    for _missed in range(2):  # the community owes, then the subdistrict
        with pytest.raises(WrongState) as refusal:
            _given_to(stage, petition, "fuxin", "clerk")
        assert refusal.value.code == "owes_answer"
        if petition.supervisor == stage.town.orgs["yingbin"]:
            expire(petition, DeadlineKind.ANSWER)
    taken = _given_to(stage, petition, "yingbin", "clerk")
    assert taken.is_answer_owed
    assert taken.supervisor == stage.town.orgs["fuxin"]
    assert may(Verb.DECLINE, taken, stage.cast["community"]).code == "owes_answer"


def test_who_answered_may_give_the_case_to_the_level_above(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    expire(petition, DeadlineKind.CONTACT)
    petition = escalation.answer(
        petition=petition, by=stage.cast["community"], now=NOON, kind=AnswerKind.OVERRULE, text="办"
    )
    given = _given_to(stage, petition, "fuxin", "clerk")
    assert (given.supervisor, given.is_answer_owed) == (None, False)
    assert not permissions.may(Verb.ANSWER, given, stage.cast["community"])


@pytest.mark.parametrize("verb", [Verb.CONFIRM, Verb.CLOSE])
def test_who_gave_no_answer_does_not_record_what_the_resident_says(
    stage: Stage, verb: Verb
) -> None:
    petition = _late_and_resolved(stage)
    for name in ("clerk", "community"):
        assert may(verb, petition, stage.cast[name]).code == "owes_answer"
    assert may(verb, petition, stage.cast["official"])


@pytest.mark.parametrize("by", ["resident", "official"])
def test_an_answer_is_owed_again_unless_the_resident_had_agreed(stage: Stage, by: str) -> None:
    petition = _late_and_resolved(stage)
    resident = stage.petitioner(petition)
    at = petition.resolved_at
    assert at is not None
    petition = resolution.confirm(
        petition=petition, by=resident if by == "resident" else fresh(stage, by), now=at
    )
    petition = resolution.reopen(petition=petition, by=resident, now=at, reason="又漏了")
    assert petition.is_answer_owed is (by != "resident")


def _late_and_resolved(stage: Stage) -> Petition:
    """Return a case that the branch resolved while the community owed an answer."""
    petition = handling.accept(
        petition=case_of(stage, "branch"), by=stage.cast["secretary"], now=NOON
    )
    now = expire(petition, DeadlineKind.RESOLUTION)
    return resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=now,
        outcome=Outcome.RESOLVED,
        cause="老旧",
        public_answer="已更换。",
    )


# --- Who is asked -----------------------------------------------------------------------------


def test_a_late_group_of_a_community_is_reported_above_the_community(stage: Stage) -> None:
    """Not to the branch of the building, which stands below."""
    group = add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.BUILDING_GROUP,
        parent=stage.town.orgs["yingbin"],
        area=stage.town.areas["b46"],
        name="示例机关党小组",
        on=SINCE,
    )
    petition = _given_to(stage, case_of(stage, "branch"), "yingbin", "official")
    by = fresh(stage, "clerk")
    petition = handling.accept(petition=petition, by=by, now=NOON)
    petition = handling.dispatch(petition=petition, by=by, now=NOON, group=group)
    expire(petition, DeadlineKind.RESOLUTION)
    assert petition.supervisor == stage.town.orgs["fuxin"]
    assert petition.level == CaseLevel.SUBDISTRICT


def test_a_late_group_is_not_reported_to_another_branch(stage: Stage) -> None:
    """The case was given to a branch that does not answer for the building."""
    group = add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.BUILDING_GROUP,
        parent=stage.town.orgs["other"],
        area=stage.town.areas["d1"],
        name="示例外院党小组",
        on=SINCE,
    )
    petition = _given_to(stage, case_of(stage, "branch"), "other", "official")
    by = fresh(stage, "outsider")
    petition = handling.accept(petition=petition, by=by, now=NOON)
    petition = handling.dispatch(petition=petition, by=by, now=NOON, group=group)
    expire(petition, DeadlineKind.RESOLUTION)
    assert petition.supervisor == stage.town.orgs["yingbin"]


def test_the_next_supervisor_is_not_headed_by_who_owed_the_answer_before(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    expire(petition, DeadlineKind.CONTACT)
    give_post(stage, "community", Role.SUBDISTRICT_OFFICIAL, "fuxin")
    Post.objects.filter(user=stage.cast["official"]).delete()
    expire(petition, DeadlineKind.ANSWER)
    assert petition.supervisor == stage.town.orgs["city"]


def test_nobody_is_told_to_answer_an_own_request(stage: Stage) -> None:
    """The secretary of the late branch has a post in the community as well."""
    give_post(stage, "secretary", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    petition = case_of(stage, "branch")
    now = expire(petition, DeadlineKind.CONTACT)
    for name, is_own in [("secretary", False), ("community", True)]:
        user = fresh(stage, name)
        asked = duties.own_duty(petition, duties.duties_of_row(petition, now), user)
        assert (asked is not None and asked.kind == DeadlineKind.ANSWER) is is_own
        waiting = Petition.objects.awaiting_answer_of(user)
        assert waiting.filter(pk=petition.pk).exists() is is_own


def test_nobody_is_told_to_decide_on_an_own_return(stage: Stage) -> None:
    give_post(stage, "deputy", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    petition = returned(stage)
    for name, is_own in [("deputy", False), ("community", True)]:
        user = fresh(stage, name)
        asked = duties.own_duty(petition, duties.duties_of_row(petition, NOON), user)
        assert (asked is not None) is is_own
        counted = Petition.objects.filter(involvement.awaiting_decision_by(user), pk=petition.pk)
        assert counted.exists() is is_own


# --- Who asked --------------------------------------------------------------------------------


def test_the_leader_of_a_late_group_does_not_answer_after_another_dispatch(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED, now=NOON)
    now = expire(petition, DeadlineKind.RESOLUTION)
    asked = Escalation.objects.get(petition=petition)
    assert asked.from_organisation == stage.town.orgs["group"]
    give_post(stage, "leader", Role.BRANCH_SECRETARY, "branch", is_deputy=True)
    leader = fresh(stage, "leader")
    petition = handling.dispatch(
        petition=petition, by=leader, now=now, users=[fresh(stage, "member")]
    )
    with pytest.raises(NotPermitted) as refusal:
        escalation.answer(
            petition=petition,
            by=leader,
            now=now,
            kind=AnswerKind.EXTEND,
            text="延期",
            extension=dt.timedelta(hours=72),
        )
    assert refusal.value.code == "own_request"


def test_who_records_a_disagreement_is_not_the_one_who_asks(stage: Stage) -> None:
    """The community secretary records it by telephone, and the community is the next level."""
    petition = handling.accept(
        petition=case_of(stage, "branch"), by=stage.cast["secretary"], now=NOON
    )
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOON,
        outcome=Outcome.NOT_FEASIBLE,
        cause="老旧",
        public_answer="办不了。",
    )
    petition = resolution.dispute(
        petition=petition, by=stage.cast["community"], now=NOON, reason="不接受"
    )
    assert petition.supervisor == stage.town.orgs["yingbin"]
    assert Escalation.objects.get(petition=petition).raised_by is None
    assert may(Verb.ANSWER, petition, stage.cast["community"])
