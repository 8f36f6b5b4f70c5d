"""Calendars of places: nearest rows, number of queries, missing years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.lib import register_cache
from grids.calendar import calendars
from grids.enums import DayKind
from grids.models import Area, CalendarDay, OfficeHours
from tests.support.places import small_territory

pytestmark = pytest.mark.django_db
FRIDAY = dt.date(2026, 3, 20)
NOON = dt.datetime(2026, 3, 20, 11, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
Queries = Callable[[int], AbstractContextManager[Any]]


def day(region: Area, date: dt.date, kind: DayKind, *, is_workday: bool) -> None:
    CalendarDay.objects.create(
        region=region, date=date, kind=kind, is_workday=is_workday, name="测试"
    )
    register_cache.forget_version()


def test_a_regional_holiday_stands_over_the_national_calendar() -> None:
    places = small_territory()
    day(places["652302"], FRIDAY, DayKind.MAKE_UP, is_workday=True)
    day(places["652302002"], FRIDAY, DayKind.REGIONAL, is_workday=False)
    assert calendars.for_path(places["652302"].path).is_workday(FRIDAY)
    assert not calendars.for_path(places["46"].path).is_workday(FRIDAY)


def test_office_hours_come_whole_from_the_nearest_region() -> None:
    places = small_territory()
    for key, opens in (("652302", dt.time(10)), ("652302002004", dt.time(12))):
        OfficeHours.objects.create(
            region=places[key],
            season_from="01-01",
            season_to="12-31",
            opens=opens,
            closes=dt.time(14),
        )
    register_cache.forget_version()
    assert not calendars.for_path(places["46"].path).is_working(NOON)
    assert calendars.for_path(places["2"].path).is_working(NOON)


def test_a_process_reads_version_and_tables_once(django_assert_num_queries: Queries) -> None:
    places = small_territory()
    day(places["652302"], FRIDAY, DayKind.HOLIDAY, is_workday=False)
    with django_assert_num_queries(3):
        first = calendars.for_path(places["46"].path)
    with django_assert_num_queries(0):
        assert calendars.for_path(places["10"].path) is first
        assert calendars.missing_year_notice(FRIDAY) == []


def test_after_a_minute_the_version_alone_is_read_again(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Queries
) -> None:
    path = small_territory()["652302"].path
    calendars.for_path(path)
    monkeypatch.setattr(register_cache, "MAX_AGE", -1.0)
    with django_assert_num_queries(1):
        calendars.for_path(path)


def test_a_missing_year_is_announced_from_november_on() -> None:
    city = small_territory()["652302"]
    assert calendars.missing_year_notice(dt.date(2026, 10, 31)) == [2026]
    day(city, dt.date(2026, 1, 1), DayKind.HOLIDAY, is_workday=False)
    assert calendars.missing_year_notice(dt.date(2026, 10, 31)) == []
    assert calendars.missing_year_notice(dt.date(2026, 11, 1)) == [2027]
    day(city, dt.date(2027, 3, 10), DayKind.REGIONAL, is_workday=False)
    assert calendars.missing_year_notice(dt.date(2026, 11, 1)) == [2027]  # the notice still lacks
    day(city, dt.date(2027, 1, 1), DayKind.HOLIDAY, is_workday=False)
    assert calendars.missing_year_notice(dt.date(2026, 11, 1)) == []


def test_without_any_rows_there_is_a_provisional_calendar() -> None:
    calendar = calendars.for_path(small_territory()["46"].path)
    assert calendar.add_minutes(NOON, 60).provisional
