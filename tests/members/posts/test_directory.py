"""Queries on who holds which post."""

from __future__ import annotations

import datetime as dt

from pytest_django import DjangoAssertNumQueries

from branches.enums import OrgLevel
from members import workflow
from members.enums import Role
from members.posts import directory
from tests.members.conftest import TODAY, Town


def test_holders_in_one_query_and_an_empty_list_for_a_vacancy(
    town: Town, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    orgs, users = town.world.orgs, town.users
    with django_assert_num_queries(1):
        heads = directory.heads_of([orgs["branch"].pk, orgs["other"].pk, orgs["street"].pk], TODAY)
    assert heads == {
        orgs["branch"].pk: [users["secretary"].pk],
        orgs["other"].pk: [],
        orgs["street"].pk: [users["official"].pk],
    }


def test_staff_are_never_heads(town: Town) -> None:
    post = town.users["community"].posts.get()
    workflow.end_post(post=post, on=TODAY - dt.timedelta(days=1), by=None)
    assert directory.heads_of([town.world.orgs["yingbin"].pk], TODAY) == {
        town.world.orgs["yingbin"].pk: []
    }


def test_the_deputy_counts_only_while_the_post_is_vacant(town: Town) -> None:
    branch = town.world.orgs["branch"]
    workflow.appoint(
        user=town.users["member"],
        role=Role.BRANCH_SECRETARY,
        by=None,
        valid_from=TODAY,
        organisation=branch,
        is_deputy=True,
    )
    assert directory.heads_of([branch.pk], TODAY)[branch.pk] == [town.users["secretary"].pk]
    workflow.lock(user=town.users["secretary"], by=town.users["secadmin"])
    assert directory.heads_of([branch.pk], TODAY)[branch.pk] == [town.users["member"].pk]


def test_staff(town: Town) -> None:
    orgs = town.world.orgs
    assert directory.staff_of([orgs["yingbin"].pk, orgs["daqiao"].pk], TODAY) == {
        orgs["yingbin"].pk: [town.users["staff"].pk],
        orgs["daqiao"].pk: [],
    }


def test_the_people_a_branch_may_send(
    town: Town, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        people = directory.members_of(town.world.orgs["branch"].pk, TODAY)
    assert [user.username for user in people] == ["leader", "member"]
    assert directory.members_of(town.world.orgs["other"].pk, TODAY) == []


def test_vacancies(town: Town) -> None:
    vacant = directory.vacant_posts(TODAY)
    assert [(row.organisation_id, row.level, row.has_deputy) for row in vacant] == [
        (town.world.orgs["daqiao"].pk, OrgLevel.COMMUNITY, False),
        (town.world.orgs["other"].pk, OrgLevel.BRANCH, False),
    ]
    assert vacant[1].role == Role.BRANCH_SECRETARY
