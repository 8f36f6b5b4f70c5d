"""Who decides on a returned case: the organisation above, and nobody who is a side of it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from grids.calendar import calendars
from members.enums import Role
from members.models import Post, User
from petitions.enums import Status, Verb
from petitions.models import Category, Petition
from petitions.workflow import escalation, rerouting
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.returned_cases import (
    HOUR,
    NOON,
    RETURNED,
    arbitration_deadline,
    case_of,
    give_post,
    may,
    notified,
    returned,
)
from tests.support.verb_cases import url_of

# --- Who decides ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returner", "arbiter"), [("branch", "yingbin"), ("yingbin", "fuxin"), ("fuxin", "city")]
)
def test_the_level_above_the_returner_decides(stage: Stage, returner: str, arbiter: str) -> None:
    petition = returned(stage, returner)
    body = stage.town.orgs[arbiter]
    assert (petition.status, petition.arbiter) == (Status.RETURNED, body)
    assert petition.organisation == stage.town.orgs[returner]
    assert petition.holder_id == body.pk
    event = petition.events.get(verb=Verb.RETURN)
    assert (event.holder, event.data["arbiter"]) == (body, body.pk)
    deciding = {name for name, user in stage.cast.items() if may(Verb.REASSIGN, petition, user).ok}
    assert deciding == {"yingbin": {"clerk", "community"}, "fuxin": {"official"}}.get(
        arbiter, {"city"}
    )


@pytest.mark.parametrize("category", ["WS01", "WS05"])
def test_it_has_four_working_hours(stage: Stage, category: str) -> None:
    """Also for an urgent case, whose other deadlines count every minute."""
    petition = returned(stage, category=Category.objects.get(code=category))
    row = arbitration_deadline(petition)
    assert (row.organisation, row.started_at) == (stage.town.orgs["yingbin"], NOON)
    # Until 14:00 and from 15:30: two hours before the break, two after it.
    assert row.due_at == NOON.replace(hour=17, minute=30)
    calendar = calendars.for_path(petition.path)
    assert row.due_at == calendar.add(NOON, 4 * HOUR).at
    assert NOON < row.remind_at < row.due_at
    assert petition.due_at == Petition.objects.get(pk=petition.pk).due_at != row.due_at


def test_the_deciding_organisation_is_notified(stage: Stage) -> None:
    event = returned(stage).events.get(verb=Verb.RETURN)
    assert notified(event) == {("returned", "community"), ("returned", "clerk")}
    event = returned(stage, "yingbin").events.get(verb=Verb.RETURN)
    assert notified(event) == {("returned", "official")}


@pytest.mark.parametrize(("about", "arbiter"), [("branch", "fuxin"), ("yingbin", "city")])
def test_a_complaint_is_decided_above_its_handler(stage: Stage, about: str, arbiter: str) -> None:
    petition = stage.file(about=stage.town.orgs[about], now=NOON - HOUR).petition
    handler = {"branch": "community", "yingbin": "official"}[about]
    rerouting.return_(petition=petition, by=stage.cast[handler], **RETURNED)
    petition.refresh_from_db()
    assert petition.arbiter == stage.town.orgs[arbiter]


def test_the_city_has_nobody_above_and_cannot_return(stage: Stage) -> None:
    petition = case_of(stage, "city")
    assert may(Verb.RETURN, petition, stage.cast["city"]).code == "nobody_above"
    with pytest.raises(WrongState, match="市级"):
        rerouting.return_(petition=petition, by=stage.cast["city"], **RETURNED)


def test_a_case_from_elsewhere_is_decided_above_both(stage: Stage) -> None:
    """The neighbouring community answers for the place, but does not stand above the branch."""
    petition = stage.file(place=stage.town.areas["b1"], now=NOON - HOUR).petition
    branch = stage.town.orgs["branch"]
    rerouting.reassign(
        petition=petition, by=stage.cast["official"], now=NOON, organisation=branch, reason="就近"
    )
    petition = rerouting.return_(petition=petition, by=stage.cast["secretary"], **RETURNED)
    assert petition.arbiter == stage.town.orgs["fuxin"]


# --- Never a side of it -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clerk", "community"])
def test_the_returning_community_does_not_decide(stage: Stage, name: str) -> None:
    petition = returned(stage, "yingbin", by=name)
    branch = stage.town.orgs["branch"]
    for who in ("clerk", "community"):
        with pytest.raises(NotPermitted, match="阜新街道党工委"):
            rerouting.reassign(
                petition=petition,
                by=stage.cast[who],
                now=NOON,
                organisation=branch,
                reason="由支部办",
            )
        data = {"version": petition.version, "organisation": branch.pk, "reason": "由支部办"}
        assert login(stage, who).post(url_of(petition, Verb.REASSIGN), data).status_code == 403
    petition.refresh_from_db()
    assert (petition.status, petition.is_route_final) == (Status.RETURNED, False)


@pytest.mark.parametrize(
    ("role", "body", "is_deputy"),
    [
        (Role.STAFF, "yingbin", False),
        (Role.COMMUNITY_SECRETARY, "yingbin", True),
    ],
)
def test_nobody_decides_through_another_post(
    stage: Stage, role: Role, body: str, is_deputy: bool
) -> None:
    give_post(stage, "deputy", role, body, is_deputy=is_deputy)
    petition = returned(stage, by="secretary")
    decision = may(Verb.REASSIGN, petition, stage.cast["deputy"])
    assert (decision.ok, decision.code) == (False, "wrong_actor")
    assert "迎宾路社区党委" in decision.reason
    assert may(Verb.REASSIGN, petition, stage.cast["clerk"])


@pytest.mark.parametrize(
    ("role", "body"),
    [(Role.MEMBER, "group2"), (Role.MEMBER, "branch"), (Role.GROUP_LEADER, "group2")],
)
def test_a_group_of_the_returning_branch_is_part_of_it(stage: Stage, role: Role, body: str) -> None:
    give_post(stage, "clerk", role, body)
    petition = returned(stage)
    assert not may(Verb.REASSIGN, petition, stage.cast["clerk"])
    assert may(Verb.REASSIGN, petition, stage.cast["community"])


def test_whoever_returned_it_does_not_decide_from_a_later_post(stage: Stage) -> None:
    petition = returned(stage, by="deputy")
    Post.objects.filter(user=stage.cast["deputy"]).delete()
    give_post(stage, "deputy", Role.STAFF, "yingbin")
    assert not may(Verb.REASSIGN, petition, stage.cast["deputy"])
    assert may(Verb.REASSIGN, petition, stage.cast["clerk"])


def test_one_head_of_both_levels_is_passed_over(stage: Stage) -> None:
    Post.objects.filter(user=stage.cast["community"]).delete()
    give_post(stage, "secretary", Role.COMMUNITY_SECRETARY, "yingbin")
    stage.cast["secretary"] = User.objects.get(pk=stage.cast["secretary"].pk)
    petition = returned(stage)
    assert petition.arbiter == stage.town.orgs["fuxin"]
    event = petition.events.get(verb=Verb.RETURN)
    assert event.data["skipped"] == [stage.town.orgs["yingbin"].pk]
    assert ("data_quality", "official") in notified(event)


def test_the_database_refuses_a_returner_that_decides(stage: Stage) -> None:
    petition = returned(stage)
    with (
        pytest.raises(IntegrityError, match="petition_returner_never_arbiter"),
        transaction.atomic(),
    ):
        Petition.objects.filter(pk=petition.pk).update(arbiter=petition.organisation)


def test_only_the_sweep_escalates_while_the_return_is_open(stage: Stage) -> None:
    petition = returned(stage)
    for name in ("secretary", "clerk", "official"):
        assert may(Verb.ESCALATE, petition, stage.cast[name]).code == "wrong_actor"
    with pytest.raises(NotPermitted):
        escalation.escalate(
            petition=petition, by=stage.cast["secretary"], now=NOON, reason="请上级支持"
        )


def test_the_handler_cannot_give_its_case_away_without_a_return(stage: Stage) -> None:
    """A reassignment by the responsible community would be a return that it decides itself."""
    petition = case_of(stage, "yingbin")
    for name in ("clerk", "community"):
        decision = may(Verb.REASSIGN, petition, stage.cast[name])
        assert (decision.ok, decision.code) == (False, "own_case")
    assert may(Verb.REASSIGN, petition, stage.cast["official"])
    give_post(stage, "official", Role.STAFF, "yingbin")
    assert may(Verb.REASSIGN, petition, stage.cast["official"]).code == "own_case"


def test_the_case_is_in_the_hands_of_its_arbiter(stage: Stage) -> None:
    petition = returned(stage)
    mine = {
        name
        for name, user in stage.cast.items()
        if Petition.objects.visible_to(user).handled_by(user).filter(pk=petition.pk).exists()
    }
    assert mine == {"clerk", "community"}
