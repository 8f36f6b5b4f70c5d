"""Who sees which case: one rule, tried with everybody against every kind of place and relation."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.enums import Role
from members.models import Post
from members.posts import directory
from petitions import exclusion
from petitions.actors import actors_of
from petitions.enums import Status
from petitions.models import Petition
from tests.support.cast import SINCE, Stage
from tests.support.returned_cases import give_post, move_to_community

EVERYBODY_OF_THE_PLACE = {
    *("clerk", "secretary", "deputy", "leader", "community", "official", "city", "partner")
}


def _seeing(stage: Stage) -> set[str]:
    return {name for name, user in stage.cast.items() if Petition.objects.visible_to(user).exists()}


def test_case_is_seen_along_its_own_line_only(stage: Stage) -> None:
    stage.file()
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE


def test_neighbouring_community_and_its_branch_see_their_own_only(stage: Stage) -> None:
    stage.file(place=stage.town.areas["b1"])
    assert _seeing(stage) == {"outsider", "sibling", "official", "city", "partner"}


def test_next_building_is_not_the_groups(stage: Stage) -> None:
    stage.file(place=stage.town.areas["b47"])
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE - {"leader"}


@pytest.mark.parametrize(
    ("about", "hidden"),
    [
        ("branch", {"partner", "secretary", "deputy", "leader"}),
        ("yingbin", {"partner", "secretary", "deputy", "leader", "clerk", "community"}),
        ("fuxin", {"partner", "secretary", "deputy", "leader", "clerk", "community", "official"}),
    ],
)
def test_case_about_an_organisation_is_hidden_from_it_and_all_below(
    stage: Stage, about: str, hidden: set[str]
) -> None:
    stage.file(about=stage.town.orgs[about])
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE - hidden


@pytest.mark.parametrize("is_over", [True, False])
def test_a_case_stays_hidden_from_who_belonged_to_the_organisation_when_it_was_reported(
    stage: Stage, is_over: bool
) -> None:
    """The secretary of the branch moves to the community; the report is older or newer."""
    now = timezone.now() - dt.timedelta(days=3 if is_over else 0)
    case = stage.file(about=stage.town.orgs["branch"], now=now).petition
    last_day = timezone.localdate() - dt.timedelta(days=2)
    moved = move_to_community(stage, "secretary", last_day)
    assert [post.last_day for post in moved.scope.former_posts] == [last_day]
    assert Petition.objects.visible_to(moved).exists() is not is_over
    assert bool(actors_of(moved, case)) is not is_over
    assert (exclusion.excluded_users(case, [moved.pk], timezone.localdate()) != set()) is is_over
    _heads, scopes = directory.heads_with_scopes(
        [stage.town.orgs["yingbin"].pk], timezone.localdate()
    )
    assert all(not scope.former_posts for scope in scopes.values())  # staff heads nothing
    plain = stage.file().petition
    assert plain in Petition.objects.visible_to(moved)


def test_a_former_member_of_the_reported_branch_is_no_supervisor(stage: Stage) -> None:
    """Of a complaint that was reported while the secretary of the community led the branch."""
    head, day = stage.cast["community"], timezone.localdate()
    give_post(stage, "community", Role.BRANCH_SECRETARY, "branch", is_deputy=True)
    case = stage.file(about=stage.town.orgs["branch"]).petition
    Post.objects.filter(user=head, organisation=stage.town.orgs["branch"]).update(
        valid_from=SINCE, valid_to=day
    )
    tomorrow = day + dt.timedelta(days=1)
    _heads, scopes = directory.heads_with_scopes([stage.town.orgs["yingbin"].pk], tomorrow)
    assert exclusion.is_excluded(scopes[head.pk], case)


def test_handing_over_shows_the_case_to_those_named(stage: Stage) -> None:
    stage.at(Status.ASSIGNED)
    assert "member" not in _seeing(stage)
    assert "leader" in _seeing(stage)


@pytest.mark.parametrize("administrator", ["auditor", "sysadmin", "secadmin"])
def test_administrators_see_nothing(stage: Stage, administrator: str) -> None:
    stage.file()
    assert not Petition.objects.visible_to(stage.cast[administrator]).exists()


def test_search_and_counts_are_scoped_too(stage: Stage) -> None:
    stage.file()
    mine = Petition.objects.visible_to(stage.cast["clerk"])
    other = Petition.objects.visible_to(stage.cast["sibling"])
    for words in ("发浑", "浑", "花苑46", "水质"):
        assert mine.matching(words).count() == 1
        assert other.matching(words).count() == 0
    assert mine.matching("路灯").count() == 0


def test_number_finds_the_case(stage: Stage) -> None:
    petition = stage.file().petition
    mine = Petition.objects.visible_to(stage.cast["clerk"])
    assert mine.matching(petition.number).get() == petition
    assert Petition.objects.visible_to(stage.cast["sibling"]).matching(petition.number).count() == 0
