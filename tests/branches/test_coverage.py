"""Coverage check: places without a responsible organisation."""

import pytest

from branches import coverage, workflow
from grids.models import Area
from tests.support.organisations import TODAY, small_world

pytestmark = pytest.mark.django_db


def names(areas: object) -> list[str]:
    return sorted(str(area) for area in areas)  # type: ignore[attr-defined]


def test_gaps_are_found_where_they_are() -> None:
    world = small_world()
    before = coverage.gaps(Area.objects.all(), TODAY)
    assert not before.any()
    assert names(before.buildings_without_group) == [
        "重桥小区10号楼",
        "重桥小区2号楼",
        "阜兴花苑146号楼",
        "阜兴花苑4号楼",
    ]
    yesterday = TODAY - TODAY.resolution
    for key in ("other", "daqiao", "street"):
        workflow.end_responsibility(responsibility=world.answers[key], on=yesterday)
    Area.objects.filter(pk=world.places["cq"].pk).update(parent=world.places["652302002005"])
    after = coverage.gaps(Area.objects.all(), TODAY)
    assert after.any()
    assert names(after.grids_without_branch) == ["大桥第一网格"]
    assert names(after.communities_without_organisation) == ["大桥社区"]
    assert names(after.units_without_organisation) == ["阜新街道"]
    assert names(after.buildings_without_grid) == ["重桥小区10号楼", "重桥小区2号楼"]


def test_a_group_is_responsible_for_a_whole_estate() -> None:
    world = small_world()
    workflow.assign(organisation=world.orgs["group"], area=world.places["fx"], on=TODAY)
    gaps = coverage.gaps(Area.objects.below(world.places["fx"]), TODAY)
    assert names(gaps.buildings_without_group) == []
