"""Pages of organisations: content and scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from branches import workflow
from branches.enums import OrgKind, OrgLevel
from grids.enums import AreaKind, Level
from grids.workflow import add_area
from members.models import User
from tests.support.cast import SINCE, Town, build_cast, build_town

pytestmark = pytest.mark.django_db
Queries = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _without_second_factor(settings: Any) -> None:
    settings.DEMO = True


@pytest.fixture
def town() -> Town:
    return build_town()


@pytest.fixture
def cast(town: Town) -> dict[str, User]:
    return build_cast(town)


def page(client: Client, user: User, name: str, *args: int, **query: str) -> Any:
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


def test_a_branch_page_lists_its_responsibilities(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    answer = page(client, cast["secretary"], "branches:organisation", town.orgs["branch"].pk)
    assert answer.status_code == 200
    served = {item["row"].area_id for item in answer.context["responsibilities"]}
    assert served == {town.areas["g7"].pk, town.areas["g8"].pk}
    assert all(
        client.get(item["url"]).status_code == 200 for item in answer.context["responsibilities"]
    )
    assert all(
        client.get(crumb["url"]).status_code == 200 for crumb in answer.context["crumbs"][:-1]
    )
    below = {org.pk for org in answer.context["below"]}
    assert below == {town.orgs["group"].pk, town.orgs["group2"].pk}


def test_a_place_out_of_reach_is_named_without_a_link(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    answer = page(client, cast["leader"], "branches:organisation", town.orgs["branch"].pk)
    urls = {item["row"].area_id: item["url"] for item in answer.context["responsibilities"]}
    assert urls[town.areas["g7"].pk]
    assert urls[town.areas["g8"].pk] == ""


@pytest.mark.parametrize("who", ["outsider", "sibling", "department", "auditor", "secadmin"])
def test_an_organisation_out_of_reach_does_not_exist(
    client: Client, town: Town, cast: dict[str, User], who: str
) -> None:
    hidden = page(client, cast[who], "branches:organisation", town.orgs["group"].pk)
    missing = page(client, cast[who], "branches:organisation", 99_999_999)
    assert hidden.status_code == missing.status_code == 404


def test_visitors_log_in_first_and_pages_only_read(client: Client, cast: dict[str, User]) -> None:
    url = reverse("branches:organisations")
    assert client.get(url).status_code == 302
    client.force_login(cast["clerk"])
    assert client.post(url).status_code == 405


def test_the_tree_begins_at_ones_own_organisation(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    begun = page(client, cast["official"], "branches:organisations")
    assert begun.context["own"] == [town.orgs["fuxin"]]
    assert set(begun.context["below"]) == {town.orgs["yingbin"], town.orgs["daqiao"]}
    assert (
        "没有可看的组织" in page(client, cast["auditor"], "branches:organisations").content.decode()
    )


def test_an_organisation_is_found_by_its_name(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    answer = page(client, cast["secretary"], "branches:organisations", q="46号楼")
    assert answer.context["results"] == [town.orgs["group"]]
    none = page(client, cast["outsider"], "branches:organisations", q="46号楼")
    assert none.context["results"] == []


def test_a_yurt_group_shows_its_season_and_its_rooms_next_stops(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    today = timezone.localdate()
    pasture = add_area(
        level=Level.ESTATE,
        kind=AreaKind.PASTURE,
        parent=town.areas["yingbin"],
        name="示例牧场",
        on=SINCE,
    )
    group = workflow.add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.YURT_GROUP,
        parent=town.orgs["yingbin"],
        area=town.areas["yingbin"],
        name="毡房党小组",
        on=SINCE,
    )
    later = today + dt.timedelta(days=60)
    workflow.assign(
        organisation=group,
        area=pasture,
        on=SINCE,
        season_from=f"{later:%m-%d}",
        season_to=f"{later + dt.timedelta(days=30):%m-%d}",
    )
    room = workflow.add_mobile_room(organisation=group, name="流动毡房活动室")
    day = dt.timedelta(days=1)
    workflow.announce_stops(
        room=room, stops=[(today - day, pasture, "昨天"), (today + day, pasture, "明天义诊")]
    )
    text = page(client, cast["clerk"], "branches:organisation", group.pk).content.decode()
    assert "明天义诊" in text
    assert "昨天" not in text
    assert "现在不是它的季节" in text
    assert (
        "现在不是它的季节"
        in page(client, cast["clerk"], "grids:place", pasture.pk).content.decode()
    )


def test_gaps_are_shown_to_those_who_see_the_places(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    add_area(
        level=Level.GRID,
        kind=AreaKind.GRID,
        parent=town.areas["yingbin"],
        name="迎宾路新网格",
        on=SINCE,
    )
    text = page(client, cast["clerk"], "grids:places").content.decode()
    assert "网格没有党支部负责" in text
    assert "迎宾路新网格" in text
    assert "迎宾路新网格" not in page(client, cast["sibling"], "grids:places").content.decode()


def test_an_organisation_costs_few_queries(
    client: Client, town: Town, cast: dict[str, User], django_assert_max_num_queries: Queries
) -> None:
    client.force_login(cast["secretary"])
    client.get(town.orgs["branch"].get_absolute_url())  # the session's first page notes its time
    with django_assert_max_num_queries(12):
        client.get(town.orgs["branch"].get_absolute_url())
