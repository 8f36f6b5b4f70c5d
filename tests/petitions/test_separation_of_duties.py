"""To which organisation a post makes a user belong."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.enums import Status, Verb
from petitions.rules.contacts import ContactDetails
from petitions.separation_of_duties import belongs_to
from petitions.workflow import escalation
from tests.support.cast import PHONE, Stage
from tests.support.returned_cases import give_post, move_to_community


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("secretary", {"branch"}),
        ("leader", {"group", "branch"}),
        ("member", {"group", "branch"}),
        ("clerk", {"yingbin"}),
        ("community", {"yingbin"}),
        ("official", {"fuxin"}),
        ("partner", set()),
    ],
)
def test_a_group_belongs_to_its_branch_and_no_other_body_to_the_one_above(
    stage: Stage, who: str, names: set[str]
) -> None:
    scope = stage.cast[who].scope
    found = {name for name, row in stage.town.orgs.items() if belongs_to(scope, row.pk)}
    assert found == names
    assert not belongs_to(scope, None)


@pytest.mark.parametrize("is_since_report", [True, False])
def test_people_of_the_handlers_count_after_they_moved_though_they_did_nothing(
    stage: Stage, is_since_report: bool
) -> None:
    """The deputy of the branch moves to the community, which may follow up and open the contact."""
    now = timezone.now() - dt.timedelta(days=3 if is_since_report else 0)
    running = stage.at(
        Status.IN_PROGRESS, now=now, contact=ContactDetails(phone=PHONE, is_confidential=True)
    )
    resolved = stage.at(Status.RESOLVED, now=now)
    moved = move_to_community(stage, "deputy", timezone.localdate() - dt.timedelta(days=2))
    assert permissions.may(Verb.REVEAL, running, moved).ok is not is_since_report
    code = permissions.may(Verb.CONFIRM, resolved, moved).code
    assert code == ("own_work" if is_since_report else "")


def test_who_left_the_branch_since_the_report_neither_decides_nor_answers(stage: Stage) -> None:
    """The deputy of the branch moves to the desk of the community, as its deputy secretary."""
    at = timezone.now() - dt.timedelta(days=3)
    returned = stage.at(Status.RETURNED, now=at)
    asked = escalation.escalate(
        petition=stage.at(Status.ACCEPTED, now=at),
        by=stage.cast["secretary"],
        now=at,
        reason="要支援",
    )
    moved = move_to_community(stage, "deputy", timezone.localdate() - dt.timedelta(days=2))
    give_post(stage, "deputy", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    moved = User.objects.get(pk=moved.pk)
    assert not permissions.may(Verb.REASSIGN, returned, moved)
    assert permissions.may(Verb.ANSWER, asked, moved).code == "own_request"
    community = User.objects.get(pk=stage.cast["community"].pk)
    assert permissions.may(Verb.REASSIGN, returned, community)
    assert permissions.may(Verb.ANSWER, asked, community)
