"""Scopes of users."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from branches.workflow import end_responsibility
from members import workflow
from members.enums import Role
from members.models import User
from members.rights import scopes
from tests.members.conftest import TODAY, Town


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("staff", ["652302002004"]),
        ("member", ["46"]),
        ("leader", ["46"]),
        ("secretary", ["652302002004001"]),
        ("community", ["652302002004"]),
        ("official", ["652302002"]),
        ("city", ["652302"]),
        ("department", []),
        ("partner", ["652302002"]),
        ("auditor", []),
        ("sysadmin", []),
        ("secadmin", []),
    ],
)
def test_the_scope_of_a_post_is_what_its_organisation_is_responsible_for(
    town: Town, name: str, places: list[str]
) -> None:
    (post,) = town.fresh(name).scope.posts
    assert list(post.area_paths) == [town.world.places[place].path for place in places]


def test_it_takes_one_query(town: Town, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for name, queries in (("secretary", 1), ("official", 1), ("department", 1), ("auditor", 1)):
        user = town.fresh(name)
        with django_assert_num_queries(queries):
            assert user.scope.posts
            assert user.scope.has_role(name) or user.scope.posts


def test_the_scope_of_a_branch_includes_places_of_its_groups(town: Town) -> None:
    end_responsibility(responsibility=town.world.answers["branch"], on=TODAY - _DAY)
    (post,) = town.fresh("secretary").scope.posts
    assert post.area_paths == (town.world.places["46"].path,)


def test_an_ended_post_gives_nothing_from_the_next_day_on(town: Town) -> None:
    post = town.users["secretary"].posts.get()
    workflow.end_post(post=post, on=TODAY, by=None)
    assert town.fresh("secretary").scope.posts
    assert not scopes.load(town.fresh("secretary"), TODAY + _DAY).posts


def test_a_post_does_not_begin_before_its_first_day(town: Town) -> None:
    user = workflow.create_person(username="new", name="样本新", by=None)
    workflow.appoint(
        user=user,
        role=Role.MEMBER,
        by=None,
        valid_from=TODAY + _DAY,
        organisation=town.world.orgs["group"],
    )
    assert not town.fresh("new").scope.posts


def test_a_dissolved_organisation_gives_nothing(town: Town) -> None:
    org = town.world.orgs["group"]
    type(org).objects.filter(pk=org.pk).update(valid_to=TODAY - _DAY)
    assert not town.fresh("leader").scope.posts


def test_a_responsibility_out_of_season_gives_no_place(town: Town) -> None:
    answers = town.world.answers["group"]
    type(answers).objects.filter(pk=answers.pk).update(season_from="05-01", season_to="09-30")
    (post,) = town.fresh("leader").scope.posts
    assert post.area_paths == ()
    (post,) = scopes.load(town.fresh("leader"), dt.date(2026, 7, 1)).posts
    assert post.area_paths == (town.world.places["46"].path,)


def test_rights_are_read_with_every_request(town: Town) -> None:
    held = town.fresh("leader")
    assert held.scope.posts
    held.posts.update(valid_to=TODAY - _DAY)
    assert not town.fresh("leader").scope.posts


def test_the_scope_of_a_locked_account_and_of_a_superuser_is_empty(town: Town) -> None:
    user = town.fresh("secretary")
    user.is_active = False
    assert not user.scope.posts
    root = User.objects.create_superuser("root")
    workflow.appoint(
        user=root,
        role=Role.STAFF,
        by=None,
        valid_from=TODAY,
        organisation=town.world.orgs["yingbin"],
    )
    assert not town.fresh("root").scope.posts


def test_the_scope_of_a_visitor_is_empty() -> None:
    scope = scopes.of(AnonymousUser())
    assert scope.user_id is None
    assert not scope.posts


def test_only_the_outermost_places_are_kept() -> None:
    assert scopes.outermost(["1.2.", "1.", "1.2.3.", "4."]) == ("1.", "4.")


_DAY = dt.timedelta(days=1)


def test_the_history_of_a_locked_account_names_its_posts_and_gives_no_right(
    town: Town, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = town.fresh("secretary")
    workflow.appoint(
        user=user,
        role=Role.MEMBER,
        by=None,
        valid_from=TODAY + _DAY,
        organisation=town.world.orgs["group"],
    )
    user.is_active = False
    with django_assert_num_queries(1):
        history = user.post_history
    assert [post.organisation_id for post in history.former_posts] == [town.world.orgs["branch"].pk]
    assert not history.posts
