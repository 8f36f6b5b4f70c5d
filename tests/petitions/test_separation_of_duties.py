"""To which organisation a post makes a user belong."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members import workflow
from members.enums import Role
from members.models import Post, User
from members.posts import directory
from petitions import exclusion, permissions
from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from petitions.separation_of_duties import belongs_to
from petitions.workflow import escalation
from tests.support.cast import PHONE, SINCE, Stage
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


@pytest.mark.parametrize("last_day", [1, 400])
def test_a_post_counts_until_the_day_on_which_its_end_was_recorded(
    stage: Stage, last_day: int
) -> None:
    """The last day entered lies before the report, which came while the post gave rights."""
    at = timezone.now()
    returned = stage.at(Status.RETURNED, now=at)
    about = stage.file(now=at, about=stage.town.orgs["branch"]).petition
    user, day = stage.cast["deputy"], timezone.localdate(at)
    post = Post.objects.get(user=user)
    workflow.end_post(post=post, on=max(SINCE, day - dt.timedelta(days=last_day)), by=None)
    give_post(stage, "deputy", Role.COMMUNITY_SECRETARY, "yingbin", is_deputy=True)
    moved = User.objects.get(pk=user.pk)
    assert not permissions.may(Verb.REASSIGN, returned, moved)
    assert not Petition.objects.visible_to(moved).filter(pk=about.pk).exists()
    assert belongs_to(moved.post_history, returned.organisation_id, at)
    assert exclusion.excluded_users(about, [user.pk], day) == {user.pk}
    yingbin = stage.town.orgs["yingbin"].pk
    _heads, scopes = directory.heads_with_scopes([yingbin], day)
    assert belongs_to(scopes[user.pk], returned.organisation_id, at)
    later = at + dt.timedelta(days=1)
    assert not belongs_to(moved.scope, returned.organisation_id, later)


@pytest.mark.parametrize("is_since_report", [True, False])
def test_who_left_the_handlers_since_the_report_does_not_reassign_their_case(
    stage: Stage, is_since_report: bool
) -> None:
    """That would be a return without the decision of the level above."""
    now = timezone.now() - dt.timedelta(days=3 if is_since_report else 0)
    petition = stage.at(Status.SUBMITTED, now=now)
    moved = move_to_community(stage, "deputy", timezone.localdate() - dt.timedelta(days=2))
    code = permissions.may(Verb.REASSIGN, petition, moved).code
    assert code == ("own_case" if is_since_report else "")
