"""The rating of a resident on the case page is hidden from staff who worked on the case."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from members.workflow import appoint, end_post
from petitions.casework import case_detail
from petitions.enums import Outcome, Status
from petitions.models import Petition
from petitions.workflow import handling, rerouting, resolution
from tests.support.cast import Stage

NOW = timezone.now()
TODAY = timezone.localdate()
RATED = 1


def _ratings(petition: Petition, user: User) -> list[int]:
    """Return the ratings that a user, read again, sees on the page of a case."""
    row = case_detail.with_details().get(pk=petition.pk)
    viewer = User.objects.get(pk=user.pk)
    return [each["rating"] for each in case_detail.load(row, viewer, NOW).ratings]


def _disputed(stage: Stage, petition: Petition) -> Petition:
    return resolution.dispute(
        petition=petition,
        by=stage.petitioner(petition),
        now=NOW,
        reason="还是没有水",
        rating=RATED,
    )


@pytest.fixture
def of_branch(stage: Stage) -> Petition:
    """A case that the branch resolved and the resident rated."""
    return _disputed(stage, stage.at(Status.RESOLVED, now=NOW))


def test_coordinators_who_did_not_handle_it_see_the_rating(
    stage: Stage, of_branch: Petition
) -> None:
    for name in ("clerk", "community", "official"):
        assert _ratings(of_branch, stage.cast[name]) == [RATED]
    for name in ("secretary", "deputy", "leader", "city"):
        assert _ratings(of_branch, stage.cast[name]) == []


def test_a_handler_who_moved_up_does_not_see_the_rating_of_the_own_work(
    stage: Stage, of_branch: Petition
) -> None:
    secretary = stage.cast["secretary"]
    former = Post.objects.get(user=secretary)
    end_post(post=former, on=TODAY - dt.timedelta(days=1), by=None)
    appoint(
        user=secretary,
        role=Role.STAFF,
        organisation=stage.town.orgs["yingbin"],
        valid_from=TODAY,
        by=None,
    )
    Post.objects.filter(pk=former.pk).update(rights_until=TODAY - dt.timedelta(days=1))
    assert _ratings(of_branch, secretary) == []


def test_a_former_handler_does_not_see_the_rating_when_the_case_moved_up(stage: Stage) -> None:
    by_clerk = {"by": stage.cast["clerk"], "now": NOW}
    petition = rerouting.reassign(
        petition=stage.file().petition,
        organisation=stage.town.orgs["yingbin"],
        reason="由社区办理",
        **by_clerk,
    )
    petition = handling.accept(petition=petition, **by_clerk)
    petition = handling.start(petition=petition, **by_clerk)
    petition = resolution.resolve(
        petition=petition,
        outcome=Outcome.RESOLVED,
        cause="阀门老化",
        public_answer="已更换阀门，恢复供水",
        **by_clerk,
    )
    petition = _disputed(stage, petition)
    petition = rerouting.reassign(
        petition=petition,
        organisation=stage.town.orgs["fuxin"],
        reason="由街道办理",
        by=stage.cast["official"],
        now=NOW,
    )
    assert _ratings(petition, stage.cast["clerk"]) == []
    assert _ratings(petition, stage.cast["community"]) == []
