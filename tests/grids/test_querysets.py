"""Queries on places: visibility and search."""

from __future__ import annotations

import datetime as dt

import pytest

from config.lib.viewer import Scope
from grids import place_search, workflow
from grids.models import Area
from tests.support.places import TODAY, ViewerStub, small_territory

pytestmark = pytest.mark.django_db


def names(typed: str) -> list[str]:
    return [area.full_name for area in Area.objects.search(typed)]


def test_a_post_sees_its_places_and_their_ancestors() -> None:
    places = small_territory()
    seen = Area.objects.visible_to(ViewerStub(places["652302002004001"].path))
    chain = ("652302", "652302002", "652302002004")
    below = ("652302002004001", "fx", "46", "4", "146")
    assert {area.pk for area in seen} == {places[key].pk for key in (*chain, *below)}


def test_administrators_and_visitors_see_no_place() -> None:
    small_territory()
    assert not Area.objects.visible_to(ViewerStub(role="auditor")).exists()
    assert not Area.objects.visible_to(ViewerStub("")).exists()  # an empty path is no territory

    class Nobody:
        scope = Scope(user_id=None, day=TODAY)

    assert not Area.objects.visible_to(Nobody()).exists()


@pytest.mark.parametrize(
    "places_of_posts",
    [(), ("",), ("652302002004001",), ("46", "652302002"), ("652302",), ("fx", "")],
)
def test_is_visible_to_equals_visible_to(places_of_posts: tuple[str, ...]) -> None:
    """What `visible_to` and `reportable` ask of the table, a place knows of itself."""
    places = small_territory()
    workflow.close_area(area=places["4"], on=TODAY - dt.timedelta(days=1))
    viewer = ViewerStub(*(places[key].path if key else "" for key in places_of_posts))
    every = list(Area.objects.all())
    assert {row for row in every if row.is_visible_to(viewer)} == set(
        Area.objects.visible_to(viewer)
    )
    assert {row for row in every if row.is_reportable_on(TODAY)} == set(
        Area.objects.reportable(TODAY)
    )


@pytest.mark.parametrize(
    "typed",
    [
        "fxhy46",
        "FXHY46",
        "阜兴花苑46",
        "46号楼 阜兴",
        "阜兴46",
        "fx46",
        "fx 46",
        "阜兴花苑46号楼",
        "fuxing46",
    ],
)
def test_building_46_is_found_first(typed: str) -> None:
    small_territory()
    assert names(typed)[0] == "阜兴花苑46号楼"


def test_a_number_counts_from_its_first_digit() -> None:
    small_territory()
    assert names("阜兴花苑4") == ["阜兴花苑4号楼", "阜兴花苑46号楼"]
    assert names("46") == ["阜兴花苑46号楼"]
    assert names("146") == ["阜兴花苑146号楼"]


def test_the_place_itself_comes_before_what_lies_in_it() -> None:
    small_territory()
    assert names("迎宾路")[:2] == ["迎宾路社区", "迎宾路第一网格"]
    assert names("cqxq")[0] == "重桥小区"
    assert names("zqxq")[0] == "重桥小区"


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "不存在", "fxhy46'--"])
def test_what_is_not_there_is_not_found(typed: str) -> None:
    small_territory()
    assert names(typed) == []


def test_communities_and_places_below_are_reportable_while_valid() -> None:
    places = small_territory()
    workflow.close_area(area=places["4"], on=TODAY - dt.timedelta(days=1))
    reportable = set(Area.objects.reportable(TODAY).values_list("pk", flat=True))
    assert places["46"].pk in reportable
    assert places["652302002004"].pk in reportable
    assert reportable.isdisjoint({places["652302002"].pk, places["4"].pk})


def test_the_current_code_is_the_one_of_the_day() -> None:
    area = small_territory()["652302002004"]
    workflow.set_code(area=area, scheme="division", code="652302002044", on=TODAY)
    before = Area.objects.with_current_code(TODAY - dt.timedelta(days=1)).get(pk=area.pk)
    assert before.current_code == "652302002004"
    assert Area.objects.with_current_code(TODAY).get(pk=area.pk).current_code == "652302002044"


def test_suggestions_stay_inside_the_viewers_places() -> None:
    places = small_territory()
    viewer = ViewerStub(places["652302002005"].path)
    assert place_search.suggest(viewer, "fxhy46", TODAY) == {"results": []}
    results = place_search.suggest(viewer, "zqxq2", TODAY)["results"]
    assert [(line["label"], line["detail"]) for line in results] == [
        ("重桥小区2号楼", "阜新街道 · 大桥社区 · 大桥第一网格")
    ]


def test_residents_need_two_characters_and_get_eight_lines() -> None:
    places = small_territory()
    assert place_search.public_suggest("4", TODAY) == {"results": []}
    assert place_search.public_suggest("46", TODAY)["results"][0]["id"] == places["46"].pk
    assert place_search.public_suggest("阜新街道", TODAY) == {
        "results": []
    }  # no report is filed there
    assert len(place_search.public_suggest("iu" * 40, TODAY)["results"]) == 0
