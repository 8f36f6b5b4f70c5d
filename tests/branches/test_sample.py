"""Sample organisations: expected numbers, every building has a responsible branch."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from branches import coverage, sample
from branches.enums import OrgKind, OrgLevel
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from grids import sample as territory
from grids.models import Area

START = dt.date(2024, 1, 1)
TODAY = dt.date(2026, 11, 23)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded() -> None:
    territory.load(START)
    sample.load(START)


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_the_numbers_are_those_of_the_field() -> None:
    assert count("SELECT count(*) FROM branches_organisation WHERE level = 'branch'") == 55
    groups = "SELECT count(*) FROM branches_organisation WHERE kind IN ('{}')"
    assert count(groups.format("building_group', 'lane_group")) == 123
    assert count(groups.format("yurt_group")) == 1
    assert Responsibility.objects.grids_covered(TODAY) == 96


def test_every_building_is_routed_to_one_branch() -> None:
    routed = """
        SELECT count(*) FROM (
            SELECT building.id FROM grids_area building
            JOIN grids_area grid ON grid.level = 4 AND building.path LIKE grid.path || '%'
            JOIN branches_responsibility r ON r.area_id = grid.id AND r.level = 'branch'
            WHERE building.level = 6 GROUP BY building.id HAVING count(*) = 1
        ) AS once
    """
    assert count(routed) == 1150
    gaps = coverage.gaps(Area.objects.all(), TODAY)
    assert not gaps.any()
    assert 0 < gaps.buildings_without_group.count() < 12  # some new buildings, as in life


def test_a_branch_serves_one_to_three_grids() -> None:
    counts: dict[int, int] = {}
    for pk in Responsibility.objects.filter(level=OrgLevel.BRANCH).values_list(
        "organisation_id", flat=True
    ):
        counts[pk] = counts.get(pk, 0) + 1
    assert len(counts) == 55
    assert set(counts.values()) <= {1, 2, 3}


def test_the_herders_have_their_group_and_their_room() -> None:
    group = Organisation.objects.get(kind=OrgKind.YURT_GROUP)
    assert group.parent is not None
    assert group.parent.level == OrgLevel.COMMUNITY
    for day, place in ((dt.date(2026, 7, 1), "南山夏牧场"), (dt.date(2026, 1, 1), "北沙窝冬牧场")):
        rows = Responsibility.objects.of(group, day)
        assert [row.area.name for row in rows if row.is_in_season(day)] == [place]
    room = MobileActivityRoom.objects.get(organisation=group)
    assert room.stops.count() >= 3
    assert all(stop.area.is_in_season(stop.date) for stop in room.stops.select_related("area"))


def test_a_second_load_changes_nothing() -> None:
    tables = (Organisation, Responsibility, MobileActivityRoom, Stop)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    sample.load(TODAY)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
