"""API of organisations: limited to the scope, with today's responsibilities."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from branches.api import OrganisationViewSet
from tests.grids.test_api import LIST, ONE, Caller, call
from tests.support.organisations import World, small_world

pytestmark = pytest.mark.django_db
Queries = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def world() -> World:
    return small_world()


def names(answer: Any) -> set[str]:
    return {row["name"] for row in answer.data["results"]}


def test_the_list_holds_the_organisations_of_the_callers_places(world: World) -> None:
    caller = Caller(world.places["652302002004"].path, role="api_client")
    answer = call(OrganisationViewSet, LIST, caller)
    assert names(answer) == {"yingbin组织", "branch组织", "group组织", "water组织"}
    branch = next(row for row in answer.data["results"] if row["name"] == "branch组织")
    assert [duty["area"] for duty in branch["answers_for"]] == [world.places["652302002004001"].pk]


def test_without_a_scope_nothing_exists(world: World) -> None:
    caller = Caller(role="system_admin")
    assert call(OrganisationViewSet, LIST, None).status_code == 401
    assert call(OrganisationViewSet, LIST, caller).data["results"] == []
    pk = str(world.orgs["branch"].pk)
    assert call(OrganisationViewSet, ONE, caller, pk).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"level": "branch"}, {"branch组织", "other组织"}),
        ({"kind": "joint"}, {"other组织"}),
        ({"q": "group"}, {"group组织"}),
        ({"under": "yingbin", "level": "group"}, {"group组织"}),
        ({"parent": "daqiao"}, {"other组织"}),
        ({"area": "fx"}, {"group组织"}),
    ],
)
def test_filters(world: World, query: dict[str, str], found: set[str]) -> None:
    ids = {key: org.pk for key, org in world.orgs.items()} | {"fx": world.places["fx"].pk}
    asked = {
        name: str(ids[value]) if name in {"under", "parent", "area"} else value
        for name, value in query.items()
    }
    caller = Caller(world.places["652302"].path)
    assert names(call(OrganisationViewSet, LIST, caller, **asked)) == found


def test_a_page_costs_two_queries(world: World, django_assert_num_queries: Queries) -> None:
    caller = Caller(world.places["652302"].path)
    with django_assert_num_queries(2):
        call(OrganisationViewSet, LIST, caller).render()
