"""Places as people write them: any word for a building, its doors, one wrong character."""

from __future__ import annotations

import pytest

from grids import place_names, place_search
from tests.support.places import TODAY, ViewerStub, small_territory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("阜兴花苑46栋", ""),
        ("阜兴花苑46幢", ""),
        ("46#楼", ""),
        ("46＃", ""),
        ("46幢", ""),
        ("４６", ""),
        ("٤٦号楼", ""),
        ("阜兴花苑46号楼", ""),
        ("阜兴花苑46号楼3单元501", "3单元501"),
        ("阜兴花苑４６栋３单元５０１室", "3单元501室"),
        ("阜兴花苑46栋三单元", "三单元"),
        ("阜兴花苑46-3-501", "3-501"),
        ("阜兴花苑46 3单元501", "3单元501"),
        ("fxhy46栋3单元", "3单元"),
    ],
)
def test_building_is_found_however_it_is_written(typed: str, rest: str) -> None:
    places = small_territory()
    viewer = ViewerStub(places["652302002004"].path)
    for answer in (
        place_search.public_suggest(typed, TODAY),
        place_search.suggest(viewer, typed, TODAY),
    ):
        assert [line["id"] for line in answer["results"]] == [places["46"].pk]
        assert answer.get("rest", "") == rest
        assert "is_near" not in answer


@pytest.mark.parametrize("typed", ["阜兴花园46", "福兴花苑46号楼", "阜新花苑46栋3单元", "阜兴苑46"])
def test_one_wrong_character_offers_similar_names(typed: str) -> None:
    places = small_territory()
    answer = place_search.public_suggest(typed, TODAY)
    assert [line["id"] for line in answer["results"]] == [places["46"].pk]
    assert answer.get("is_near") is True
    assert answer["results"][0]["detail"].startswith("名称相近 · ")


@pytest.mark.parametrize(
    "typed", ["阜兴花园47", "富新花苑46", "46单元", "147#", "(46", "阜[兴花46"]
)
def test_other_places_are_not_found(typed: str) -> None:
    small_territory()
    assert place_search.public_suggest(typed, TODAY) == {"results": []}


def test_near_misses_stay_inside_the_viewers_places() -> None:
    places = small_territory()
    viewer = ViewerStub(places["652302002005"].path)
    assert place_search.suggest(viewer, "阜兴花园46", TODAY) == {"results": []}


def test_the_number_of_a_building_is_not_cut() -> None:
    assert place_names.split_building("阜兴花苑46单元") == ("阜兴花苑46单元", "")
    assert place_names.split_building("团结路3巷5号楼2单元") == ("团结路3巷5", "2单元")
    small_territory()
    results = place_search.public_suggest("阜兴花苑4栋", TODAY)["results"]
    assert [line["label"] for line in results] == ["阜兴花苑4号楼"]


def test_rest_of_a_name_begins_after_a_space() -> None:
    place = small_territory()["46"]
    assert place_search.rest_of(place, "阜兴花苑46号楼 3单元501 ") == "3单元501"
    assert place_search.rest_of(place, "阜兴花苑46号楼") == ""
    assert place_search.rest_of(place, "fxhy46 3单元") == ""
