"""Pages of places: content and scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import workflow
from members.models import User
from tests.support.cast import Town, build_cast, build_town

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


def page(client: Client, user: User | None, name: str, *args: int, **query: str) -> Any:
    if user is not None:
        client.force_login(user)
    return client.get(reverse(name, args=args), query)


def test_a_place_page_lists_responsible_organisations(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    answer = page(client, cast["secretary"], "grids:place", town.building.pk)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert [
        row["row"].organisation.name for row in answer.context["panels"][0].data["organisations"]
    ] == [
        "46号楼党小组",
        "第三网格党支部",
        "迎宾路社区党委",
        "阜新街道党工委",
        "阜康市委社会工作部",
    ]
    assert "2025年3月1日 起" in text
    assert "48" in text  # doors
    assert 'style="' not in text


def test_the_way_down_is_a_chain_of_links(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    crumbs = page(client, cast["secretary"], "grids:place", town.building.pk).context["crumbs"]
    for crumb in crumbs[:-1]:
        assert client.get(crumb["url"]).status_code == 200
    assert crumbs[-1]["url"] == ""


@pytest.mark.parametrize("name", ["grids:place", "grids:poster"])
@pytest.mark.parametrize("who", ["outsider", "sibling", "department", "auditor", "sysadmin"])
def test_a_place_out_of_reach_does_not_exist(
    client: Client, town: Town, cast: dict[str, User], name: str, who: str
) -> None:
    hidden = page(client, cast[who], name, town.building.pk)
    missing = page(client, cast[who], name, 99_999_999)
    assert hidden.status_code == missing.status_code == 404


@pytest.mark.parametrize("name", ["grids:places", "grids:suggest"])
def test_visitors_log_in_first(client: Client, name: str) -> None:
    assert page(client, None, name).status_code == 302


@pytest.mark.parametrize("name", ["grids:places", "grids:suggest"])
def test_pages_only_read(client: Client, cast: dict[str, User], name: str) -> None:
    client.force_login(cast["clerk"])
    assert client.post(reverse(name)).status_code == 405


def test_the_tree_begins_at_ones_own_territory(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    begun = page(client, cast["secretary"], "grids:places")
    assert {area.pk for area in begun.context["top_places"]} == {
        town.areas["g7"].pk,
        town.areas["g8"].pk,
    }
    assert page(client, cast["auditor"], "grids:places").context["top_places"] == []


def test_a_place_is_found_without_script(client: Client, town: Town, cast: dict[str, User]) -> None:
    answer = page(client, cast["secretary"], "grids:places", q="46")
    assert town.building in answer.context["results"]
    none = page(client, cast["outsider"], "grids:places", q="46")
    assert none.context["results"] == []
    assert "没有找到" in none.content.decode()


def test_a_chosen_place_opens(client: Client, town: Town, cast: dict[str, User]) -> None:
    chosen = page(client, cast["secretary"], "grids:places", place=str(town.building.pk))
    assert chosen.url == town.building.get_absolute_url()
    for wrong in ("99999999", "9" * 18):
        assert page(client, cast["secretary"], "grids:places", place=wrong).status_code == 404
    assert page(client, cast["secretary"], "grids:places", place="x").status_code == 200


def test_suggestions_are_scoped(client: Client, town: Town, cast: dict[str, User]) -> None:
    mine = page(client, cast["secretary"], "grids:suggest", q="46").json()["results"]
    assert [line["id"] for line in mine] == [town.building.pk]
    assert set(mine[0]) == {"id", "label", "detail"}
    assert page(client, cast["outsider"], "grids:suggest", q="46").json() == {"results": []}
    assert page(client, cast["sysadmin"], "grids:suggest", q="46").json() == {"results": []}


def test_a_poster_is_drawn_for_every_code_in_use(
    client: Client, town: Town, cast: dict[str, User]
) -> None:
    used = workflow.issue_qr(area=town.building)
    revoked = workflow.issue_qr(area=town.building)
    workflow.revoke_qr(qr=revoked, now=timezone.now())
    answer = page(client, cast["secretary"], "grids:poster", town.areas["g7"].pk)
    text = answer.content.decode()
    codes = [sheet["code"] for sheet in answer.context["sheets"]]
    assert used.code in codes
    assert revoked.code not in codes
    assert "<path" in text
    assert "<script>" not in text
    assert 'style="' not in text


def test_a_closed_place_says_so(client: Client, town: Town, cast: dict[str, User]) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    workflow.close_area(area=town.areas["b47"], on=yesterday)
    text = page(client, cast["secretary"], "grids:place", town.areas["b47"].pk).content.decode()
    assert "已经停用" in text


def test_a_place_costs_few_queries(
    client: Client, town: Town, cast: dict[str, User], django_assert_max_num_queries: Queries
) -> None:
    client.force_login(cast["secretary"])
    client.get(town.building.get_absolute_url())  # the session's first page notes its time
    with django_assert_max_num_queries(12):
        client.get(town.building.get_absolute_url())
