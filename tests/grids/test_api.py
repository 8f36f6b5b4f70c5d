"""API of places: limited to the scope, filters, pagination by cursor."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from grids.api import AreaViewSet, BuildingViewSet
from grids.models import Area
from tests.support.places import ViewerStub, small_territory

pytestmark = pytest.mark.django_db
LIST = {"get": "list"}
ONE = {"get": "retrieve"}


class Caller(ViewerStub):
    """A system account with the given territory."""

    is_authenticated = True
    is_active = True
    pk = 1


def call(
    view: Any, actions: dict[str, str], caller: Caller | None, pk: str = "", **query: str
) -> Any:
    request = APIRequestFactory().get("/", query)
    if caller is not None:
        force_authenticate(request, user=caller)  # type: ignore[arg-type]
    return view.as_view(actions)(request, **({"pk": pk} if pk else {}))


@pytest.fixture
def places() -> dict[str, Area]:
    return small_territory()


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer.data["results"]]


def test_without_a_token_there_is_no_answer(places: dict[str, Area]) -> None:
    assert call(AreaViewSet, LIST, None).status_code == 401


def test_the_list_holds_the_callers_territory_and_the_chain_above(
    places: dict[str, Area],
) -> None:
    answer = call(AreaViewSet, LIST, Caller(places["652302002005"].path))
    assert names(answer) == [
        "阜康市",
        "阜新街道",
        "大桥社区",
        "大桥第一网格",
        "重桥小区",
        "2号楼",
        "10号楼",
    ]
    assert answer.data["results"][2]["code"] == "652302002005"
    assert answer.data["results"][2]["level"] == "community"


def test_a_place_out_of_reach_is_not_found(places: dict[str, Area]) -> None:
    caller = Caller(places["652302002005"].path)
    own, foreign = str(places["2"].pk), str(places["46"].pk)
    assert call(AreaViewSet, ONE, caller, own).status_code == 200
    assert call(AreaViewSet, ONE, caller, foreign).status_code == 404
    assert call(BuildingViewSet, ONE, caller, foreign).status_code == 404
    assert call(BuildingViewSet, ONE, caller, str(places["cq"].pk)).status_code == 404
    assert call(AreaViewSet, LIST, Caller(role="auditor")).data["results"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"level": "grid"}, ["迎宾路第一网格", "大桥第一网格"]),
        ({"kind": "estate"}, ["阜兴花苑", "重桥小区"]),
        ({"q": "fxhy46"}, ["46号楼"]),
        ({"under": "cq", "level": "building"}, ["2号楼", "10号楼"]),
        ({"parent": "fx"}, ["46号楼", "4号楼", "146号楼"]),
        ({"under": "nowhere"}, []),
    ],
)
def test_filters(places: dict[str, Area], query: dict[str, str], found: list[str]) -> None:
    ids = {key: str(area.pk) for key, area in places.items()} | {"nowhere": "99999999"}
    asked = {
        name: ids[value] if name in {"under", "parent"} else value for name, value in query.items()
    }
    answer = call(AreaViewSet, LIST, Caller(places["652302"].path), **asked)
    assert names(answer) == found


def test_a_filter_never_widens_the_scope(places: dict[str, Area]) -> None:
    caller = Caller(places["652302002005"].path)
    assert names(call(AreaViewSet, LIST, caller, under=str(places["fx"].pk))) == []


@pytest.mark.parametrize(
    "query", [{"level": "7"}, {"kind": "palace"}, {"under": "x"}, {"parent": "0"}]
)
def test_a_wrong_filter_is_refused(places: dict[str, Area], query: dict[str, str]) -> None:
    assert call(AreaViewSet, LIST, Caller(places["652302"].path), **query).status_code == 400


def test_buildings_know_their_doors_and_pages_follow_the_key(places: dict[str, Area]) -> None:
    caller = Caller(places["652302"].path)
    first = call(BuildingViewSet, LIST, caller, limit="2")
    assert [row["door_count"] for row in first.data["results"]] == [48, 48]
    assert first.data["next"]
    assert first.data["previous"] is None
