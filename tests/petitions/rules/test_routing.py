"""Which organisation answers for a report, and the sentence that explains it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation

from branches.enums import OrgKind, OrgLevel
from branches.models import Responsibility
from branches.workflow import add_organisation, assign, end_responsibility
from grids.enums import AreaKind, Level
from grids.workflow import add_area
from petitions.enums import CaseLevel, CategoryChannel
from petitions.rules import routing
from tests.support.cast import SINCE, Stage

DAY = dt.date(2026, 11, 20)


def _route(stage: Stage, area: str = "b46", day: dt.date = DAY, **how: object) -> routing.Route:
    place = routing.load_place(stage.town.areas[area], day)
    return routing.route(place, **how)  # type: ignore[arg-type]


def test_building_goes_to_the_branch_of_its_grid_and_names_its_group(stage: Stage) -> None:
    found = _route(stage)
    assert (found.organisation, found.group) == (
        stage.town.orgs["branch"],
        stage.town.orgs["group"],
    )
    assert found.level == CaseLevel.GRID
    assert found.sentence == (
        "送 第三网格党支部：阜兴花苑46号楼 → 第七网格 → 第三网格党支部（自2025-03-01起负责）。"
        "楼栋党小组：46号楼党小组。"
    )


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_record_is_in_chinese_whoever_files(stage: Stage, language: str) -> None:
    parts = _route(stage).parts
    with translation.override(language):
        assert routing.in_record_language(parts).startswith("送 第三网格党支部：")


def test_one_branch_answers_for_several_grids(stage: Stage) -> None:
    assert _route(stage, "g8").organisation == stage.town.orgs["branch"]


def test_a_group_of_the_branch_before_is_no_part_of_the_route(stage: Stage) -> None:
    town = stage.town
    heir = add_organisation(
        parent=town.orgs["yingbin"],
        level=OrgLevel.BRANCH,
        kind=OrgKind.FORMAL,
        area=town.areas["g7"],
        name="第五网格党支部",
        short_name="第五网格党支部",
        on=SINCE,
    )
    handed_over = Responsibility.objects.get(
        organisation=town.orgs["branch"], area=town.areas["g7"]
    )
    end_responsibility(responsibility=handed_over, on=DAY)
    assign(organisation=heir, area=town.areas["g7"], on=DAY + dt.timedelta(days=1))
    found = _route(stage, day=DAY + dt.timedelta(days=1))
    assert (found.organisation, found.group) == (heir, None)
    assert "党小组" not in found.sentence


def test_place_without_branch_falls_to_the_community(stage: Stage) -> None:
    Responsibility.objects.filter(organisation=stage.town.orgs["branch"]).delete()
    found = _route(stage)
    assert found.organisation == stage.town.orgs["yingbin"]
    assert found.level == CaseLevel.COMMUNITY
    assert "兜底" in found.sentence


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("first", "second"), [(("b46", ""), ("g7", "")), (("b46", "06-01"), ("b46", ""))]
)
def test_the_smallest_area_comes_first_and_a_season_before_the_whole_year(
    stage: Stage, first: tuple[str, str], second: tuple[str, str], order: int
) -> None:
    branch = stage.town.orgs["branch"]
    rows = [
        Responsibility(
            organisation=branch,
            level=branch.level,
            area=stage.town.areas[area],
            season_from=season,
        )
        for area, season in (first, second)
    ]
    place = routing.load_place(stage.town.areas["b46"], DAY)
    chain = replace(place, answering=tuple(rows[::order]))
    assert chain.organisation_at(OrgLevel.BRANCH) is rows[0]


@pytest.mark.parametrize(
    ("gone", "left"),
    [(("branch", "yingbin"), "fuxin"), (("branch", "yingbin", "fuxin"), "city")],
)
def test_never_nobody_as_long_as_the_city_answers(
    stage: Stage, gone: tuple[str, ...], left: str
) -> None:
    ids = [stage.town.orgs[name].pk for name in gone]
    Responsibility.objects.filter(organisation__in=ids).delete()
    assert _route(stage).organisation == stage.town.orgs[left]


def test_nobody_at_all_is_an_error_not_a_case(stage: Stage) -> None:
    Responsibility.objects.all().delete()
    with pytest.raises(routing.NoResponsibleOrganisation):
        _route(stage)


@pytest.mark.parametrize(
    ("about", "to"), [("branch", "yingbin"), ("yingbin", "fuxin"), ("fuxin", "city")]
)
def test_case_about_an_organisation_goes_one_level_up(stage: Stage, about: str, to: str) -> None:
    found = _route(stage, about=stage.town.orgs[about])
    assert found.organisation == stage.town.orgs[to]
    assert found.group is None
    assert "由上一级办理" in found.sentence


def test_nobody_below_the_city_gets_a_case_about_it(stage: Stage) -> None:
    with pytest.raises(routing.NoResponsibleOrganisation):
        _route(stage, about=stage.town.orgs["city"])


def test_accusation_goes_to_the_citys_own_channel(stage: Stage) -> None:
    found = _route(stage, channel=CategoryChannel.ACCUSATION)
    assert found.organisation == stage.town.orgs["city"]
    assert found.group is None


def test_responsibility_ends_on_its_last_day(stage: Stage) -> None:
    row = Responsibility.objects.get(area=stage.town.areas["g7"])
    end_responsibility(responsibility=row, on=DAY)
    assert _route(stage, day=DAY).organisation == stage.town.orgs["branch"]
    after = DAY + dt.timedelta(days=1)
    assert _route(stage, day=after).organisation == stage.town.orgs["yingbin"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2026, 5, 31), None),
        (dt.date(2026, 6, 1), "yurts"),
        (dt.date(2026, 9, 15), "yurts"),
        (dt.date(2026, 9, 16), None),
    ],
)
def test_yurt_group_answers_in_its_season_only(
    stage: Stage, day: dt.date, expected: str | None
) -> None:
    pasture = add_area(
        level=Level.ESTATE,
        kind=AreaKind.PASTURE,
        parent=stage.town.areas["yingbin"],
        name="夏牧场",
        on=SINCE,
    )
    yurts = add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.YURT_GROUP,
        parent=stage.town.orgs["yingbin"],
        area=pasture,
        name="毡房党小组",
        on=SINCE,
    )
    assign(organisation=yurts, area=pasture, on=SINCE, season_from="06-01", season_to="09-15")
    found = routing.route(routing.load_place(pasture, day))
    assert found.organisation == stage.town.orgs["yingbin"]
    assert found.group == (yurts if expected else None)


def test_loading_a_place_that_is_held_costs_one_query(
    stage: Stage, django_assert_num_queries: Any
) -> None:
    routing.load_place(stage.town.building, DAY)
    with django_assert_num_queries(1):
        routing.load_place(stage.town.building, DAY)


@pytest.mark.parametrize(
    ("area", "names"),
    [
        ("b46", ["city", "fuxin", "yingbin", "g7", "fxhy", "b46"]),
        ("yingbin", ["city", "fuxin", "yingbin", None, None, None]),
    ],
)
def test_a_place_has_one_area_of_each_level_down_to_its_own(
    stage: Stage, area: str, names: list[str | None]
) -> None:
    place = routing.load_place(stage.town.areas[area], DAY)
    levels = (
        *(Level.CITY, Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID),
        *(Level.ESTATE, Level.BUILDING),
    )
    assert [place.at(level) for level in levels] == [
        stage.town.areas[name] if name else None for name in names
    ]
