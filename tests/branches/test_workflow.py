"""Workflow of organisations and responsibilities."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from branches import workflow
from branches.enums import OrgKind, OrgLevel
from branches.models import Responsibility
from grids.enums import AreaKind, Level
from grids.workflow import add_area
from tests.support.organisations import START, TODAY, small_world

pytestmark = pytest.mark.django_db


def test_an_organisation_knows_its_chain() -> None:
    orgs = small_world().orgs
    chain = [orgs[key].pk for key in ("city", "street", "yingbin", "branch", "group")]
    assert orgs["group"].ancestor_ids == chain
    assert orgs["group"].short_name == "group组织"


@pytest.mark.parametrize(
    ("parent", "level", "kind", "area", "reason"),
    [
        ("city", OrgLevel.BRANCH, OrgKind.FORMAL, "652302002004001", "层级"),
        (None, OrgLevel.GROUP, OrgKind.LANE_GROUP, "fx", "层级"),
        ("branch", OrgLevel.CITY, OrgKind.CITY_COMMITTEE, "652302", "层级"),
        ("yingbin", OrgLevel.BRANCH, OrgKind.FORMAL, "652302002005001", "辖区"),
    ],
)
def test_an_organisation_that_does_not_fit_is_refused(
    parent: str | None, level: OrgLevel, kind: OrgKind, area: str, reason: str
) -> None:
    world = small_world()
    with pytest.raises(ValidationError, match=reason):
        workflow.add_organisation(
            level=level,
            kind=kind,
            parent=world.orgs[parent] if parent else None,
            area=world.places[area],
            name="新组织",
            on=START,
        )


@pytest.mark.parametrize(
    ("organisation", "area", "reason"),
    [
        ("branch", "46", "这一级"),
        ("water", "652302002004001", "这一级"),
        ("group", "652302002004001", "这一级"),
        ("group", "2", "辖区"),
        ("branch", "652302002005001", "辖区"),
        ("group", "46", "已由"),
    ],
)
def test_a_responsibility_that_does_not_fit_is_refused(
    organisation: str, area: str, reason: str
) -> None:
    world = small_world()
    with pytest.raises(ValidationError, match=reason):
        workflow.assign(organisation=world.orgs[organisation], area=world.places[area], on=TODAY)


def test_a_branch_serves_several_grids_of_its_community() -> None:
    world = small_world()
    second = add_area(
        level=Level.GRID,
        kind=AreaKind.GRID,
        parent=world.places["652302002004"],
        name="迎宾路第二网格",
        on=TODAY,
    )
    row = workflow.assign(organisation=world.orgs["branch"], area=second, on=TODAY)
    assert (row.level, row.valid_to) == ("branch", None)
    assert Responsibility.objects.grids_covered(TODAY) == 3


def test_a_grid_goes_from_one_branch_to_another_on_a_day() -> None:
    world = small_world()
    grid = world.places["652302002004001"]
    new = workflow.add_organisation(
        level=OrgLevel.BRANCH,
        kind=OrgKind.FORMAL,
        parent=world.orgs["yingbin"],
        area=grid,
        name="迎宾路第二网格党支部",
        on=TODAY,
    )
    old = workflow.end_responsibility(responsibility=world.answers["branch"], on=TODAY)
    tomorrow = TODAY + dt.timedelta(days=1)
    workflow.assign(organisation=new, area=grid, on=tomorrow)
    for day, owner in ((TODAY, world.orgs["branch"]), (tomorrow, new)):
        rows = Responsibility.objects.responsible_for([grid.pk], day)
        assert [row.organisation for row in rows] == [owner]
    with pytest.raises(ValidationError, match="已经结束"):
        workflow.end_responsibility(responsibility=old, on=tomorrow)
    with pytest.raises(ValidationError, match="早于"):
        workflow.end_responsibility(
            responsibility=world.answers["group"], on=START - dt.timedelta(days=1)
        )


def test_seasons_share_a_place() -> None:
    world = small_world()
    lane = add_area(
        level=Level.ESTATE,
        kind=AreaKind.LANE,
        parent=world.places["652302002004001"],
        name="东巷",
        on=START,
    )
    for season in (("05-01", "09-30"), ("10-01", "04-30")):
        workflow.assign(
            organisation=world.orgs["group"],
            area=lane,
            on=START,
            season_from=season[0],
            season_to=season[1],
        )
    rows = Responsibility.objects.responsible_for([lane.pk], TODAY)
    assert [row.is_in_season(TODAY) for row in rows] == [False, True]
    with pytest.raises(ValidationError):
        workflow.assign(
            organisation=world.orgs["group"],
            area=lane,
            on=START,
            season_from="5月",
            season_to="9月",
        )


def test_only_a_yurt_group_has_a_mobile_room() -> None:
    with pytest.raises(ValidationError, match="毡房"):
        workflow.add_mobile_room(organisation=small_world().orgs["group"], name="活动室")
