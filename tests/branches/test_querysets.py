"""Queries on organisations and responsibilities."""

from __future__ import annotations

import datetime as dt

import pytest

from branches.models import Organisation, Responsibility
from config.lib.viewer import ActivePost, Scope
from tests.support.organisations import TODAY, World, small_world
from tests.support.places import ViewerStub

pytestmark = pytest.mark.django_db


class Holder:
    """A viewer with one post at an organisation."""

    def __init__(self, world: World, key: str, *places: str) -> None:
        org = world.orgs[key]
        paths = tuple(world.places[place].path for place in places)
        post = ActivePost("branch_secretary", org.pk, org.level, org.path, org.name, paths)
        self.scope = Scope(user_id=1, day=TODAY, posts=(post,))


def seen(world: World, viewer: Holder | ViewerStub) -> set[str]:
    pks = set(Organisation.objects.visible_to(viewer).values_list("pk", flat=True))
    return {key for key, org in world.orgs.items() if org.pk in pks}


def test_a_secretary_sees_below_and_the_chain_above() -> None:
    world = small_world()
    viewer = Holder(world, "branch", "652302002004001")
    assert seen(world, viewer) == {"city", "street", "yingbin", "branch", "group", "water"}


def test_an_official_sees_the_whole_subdistrict() -> None:
    world = small_world()
    assert seen(world, Holder(world, "street", "652302002")) == set(world.orgs)


def test_a_department_sees_itself_and_the_city() -> None:
    world = small_world()
    assert seen(world, Holder(world, "water")) == {"city", "water"}


def test_an_api_client_sees_the_organisations_of_its_places() -> None:
    world = small_world()
    viewer = ViewerStub(world.places["652302002004"].path, role="api_client")
    assert seen(world, viewer) == {"yingbin", "branch", "group", "water"}


def test_administrators_and_visitors_see_no_organisation() -> None:
    world = small_world()
    assert seen(world, ViewerStub(role="system_admin")) == set()
    assert seen(world, ViewerStub("", role="auditor")) == set()


def test_responsible_organisations_are_read_in_one_query_nearest_first(
    django_assert_num_queries: object,
) -> None:
    world = small_world()
    with django_assert_num_queries(1):  # type: ignore[operator]
        rows = list(Responsibility.objects.responsible_for(world.places["46"].ancestor_ids, TODAY))
        responsible = [(row.organisation.name, row.organisation.area.level) for row in rows]
    assert [name for name, _level in responsible] == [
        "group组织",
        "branch组织",
        "yingbin组织",
        "street组织",
        "city组织",
    ]


def test_a_closed_organisation_is_responsible_for_nothing() -> None:
    world = small_world()
    yesterday = TODAY - dt.timedelta(days=1)
    Organisation.objects.filter(pk=world.orgs["group"].pk).update(valid_to=yesterday)
    ids = [world.places["46"].pk]
    assert not Responsibility.objects.responsible_for(ids, TODAY).exists()
    assert Responsibility.objects.responsible_for(ids, yesterday).exists()


def test_organisations_are_found_by_their_words() -> None:
    small_world()
    assert [org.name for org in Organisation.objects.search("yingbin 组织")] == ["yingbin组织"]
