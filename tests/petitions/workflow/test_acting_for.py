"""In whose name people with posts in two organisations act."""

from __future__ import annotations

import pytest

from members.enums import Role
from members.models import User
from petitions.enums import Channel, DeadlineKind
from petitions.models import Petition
from petitions.workflow import rerouting, submission
from tests.support.cast import Stage
from tests.support.returned_cases import NOON, case_of, expire, give_post
from tests.support.verb_cases import latest_event


def _with_second_post(stage: Stage, role: Role, body: str) -> User:
    """Give the head of the department another post."""
    give_post(stage, "department", role, body, is_deputy=role != Role.STAFF)
    user = User.objects.get(pk=stage.cast["department"].pk)
    assert user.scope.posts[0].organisation_id == stage.town.orgs["water"].pk
    return user


def _reassigned(stage: Stage, petition: Petition, by: User, body: str) -> Petition:
    return rerouting.reassign(
        petition=petition, by=by, now=NOON, organisation=stage.town.orgs[body], reason="请办理"
    )


@pytest.mark.parametrize(
    ("role", "body"), [(Role.STAFF, "yingbin"), (Role.BRANCH_SECRETARY, "branch")]
)
def test_a_report_is_submitted_by_the_post_that_may(stage: Stage, role: Role, body: str) -> None:
    user = _with_second_post(stage, role, body)
    report = stage.report(channel=Channel.ASSISTED)
    petition = submission.submit(report=report, by=user, now=NOON).petition
    assert latest_event(petition).acting_for == stage.town.orgs[body]


def test_reassigning_names_the_organisation_in_whose_name_the_user_acts(stage: Stage) -> None:
    user = _with_second_post(stage, Role.STAFF, "yingbin")
    petition = _reassigned(stage, case_of(stage, "branch"), user, "yingbin")
    assert latest_event(petition).acting_for == stage.town.orgs["yingbin"]
    assert petition.route["by"] == "迎宾路社区党委"
    assert "由 迎宾路社区党委 改派" in petition.route_text


def test_who_acts_is_worked_out_before_the_change(stage: Stage) -> None:
    """The city, which supervises, takes the case over: then it supervises it no longer."""
    petition = case_of(stage, "branch")
    for kind in (DeadlineKind.CONTACT, DeadlineKind.ANSWER, DeadlineKind.ANSWER):
        expire(petition, kind)
    user = _with_second_post(stage, Role.CITY_OFFICIAL, "city")
    petition = _reassigned(stage, petition, user, "city")
    event = latest_event(petition)
    assert (event.actor, event.acting_for) == ("supervisor", stage.town.orgs["city"])
    assert petition.route["by"] == "阜康市委社会工作部"
