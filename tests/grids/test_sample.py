"""Sample territory: expected numbers, real codes, the same on every run."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.db import connection

from grids import sample
from grids.calendar import calendars
from grids.enums import AreaKind, Level
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr

START = dt.date(2024, 1, 1)


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_the_description_is_always_the_same_and_has_no_doubles() -> None:
    first, second = sample.territory(), sample.territory()
    assert first == second
    keys = Counter(area.key for area in first)
    assert max(keys.values()) == 1
    qr = Counter(area.qr for area in first if area.qr)
    assert max(qr.values()) == 1
    assert sum(area.kind == AreaKind.BUILDING for area in first) == 1150


@pytest.mark.django_db
def test_the_numbers_are_those_of_the_field() -> None:
    sample.load(START)
    assert count("SELECT count(*) FROM grids_area WHERE level = 3 AND kind = 'community'") == 19
    assert count("SELECT count(*) FROM grids_area WHERE level = 4") == 96
    per_unit = Counter(
        Area.objects.filter(kind=AreaKind.COMMUNITY).values_list("parent__name", flat=True)
    )
    assert per_unit == {"博峰街道": 7, "阜新街道": 5, "准东街道": 4, "甘河子镇": 3}
    codes = AreaCode.objects.filter(scheme="grid").values_list("code", "area__parent_id")
    above = dict(AreaCode.objects.filter(scheme="division").values_list("area_id", "code"))
    assert all(code[:12] == above[parent] and len(code) == 15 for code, parent in codes)


@pytest.mark.django_db
def test_building_46_stands_where_the_story_plays() -> None:
    sample.load(START)
    it = Area.objects.get(full_name="阜兴花苑46号楼")
    community = Area.objects.get(codes__code="652302002004")
    assert (it.entrances, it.floors, it.doors_per_floor) == (4, 6, 2)
    assert community.name == "迎宾路社区"
    assert it.path.startswith(community.path)
    assert it.qr_codes.count() == 1


@pytest.mark.django_db
def test_the_pastures_have_seasons() -> None:
    sample.load(START)
    summer, winter = Area.objects.filter(kind=AreaKind.PASTURE).order_by("-season_from")[::-1]
    assert {summer.parent.name, winter.parent.name} == {"牧业村"}  # type: ignore[union-attr]
    for day in (dt.date(2026, 7, 1), dt.date(2026, 12, 1), dt.date(2026, 5, 15)):
        assert summer.is_in_season(day) != winter.is_in_season(day)


@pytest.mark.django_db
def test_a_second_load_changes_nothing() -> None:
    tables = (Area, AreaCode, PlaceQr, CalendarDay, OfficeHours)
    sample.load(START)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    sample.load(START + dt.timedelta(days=100))
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before


@pytest.mark.django_db
def test_the_calendar_knows_2026_and_both_seasons() -> None:
    sample.load(START)
    city = Area.objects.get(level=Level.CITY)
    calendar = calendars.for_path(city.path)
    assert calendar.known_years == {2025, 2026}
    assert calendar.day_minutes == 480
    assert calendars.missing_year_notice(dt.date(2026, 11, 23)) == [2027]
