"""Database constraints of territory."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from grids.enums import CodeScheme, DayKind
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr, new_qr_code
from tests.support.places import START, small_territory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("46", {"kind": "estate"}),
        ("46", {"level": 5}),
        ("46", {"floors": None}),
        ("46", {"doors_per_floor": 0}),
        ("46", {"entrances": 61}),
        ("46", {"parent": None}),
        ("46", {"valid_to": dt.date(2024, 1, 1)}),
        ("fx", {"season_from": "05-01"}),
        ("652302", {"kind": "town"}),
    ],
)
def test_a_wrong_place_is_refused(key: str, change: dict[str, Any]) -> None:
    area = small_territory()[key]
    with pytest.raises(IntegrityError), transaction.atomic():
        Area.objects.filter(pk=area.pk).update(**change)


def test_a_place_has_one_code_at_a_time() -> None:
    area = small_territory()["652302002004"]
    AreaCode.objects.filter(area=area).update(valid_to=dt.date(2025, 12, 31))
    AreaCode.objects.create(
        area=area, scheme="division", code="652302002044", valid_from=dt.date(2026, 1, 1)
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        AreaCode.objects.create(
            area=area, scheme="division", code="652302002045", valid_from=dt.date(2025, 12, 31)
        )


def test_a_code_names_one_place_but_building_serials_repeat() -> None:
    places = small_territory()
    with pytest.raises(IntegrityError), transaction.atomic():
        AreaCode.objects.create(
            area=places["fx"], scheme="division", code="652302002004", valid_from=START
        )
    for key in ("46", "2"):
        AreaCode.objects.create(
            area=places[key], scheme=CodeScheme.BUILDING, code="00001", valid_from=START
        )


def test_a_calendar_has_one_row_a_day_and_hours_run_forwards() -> None:
    city = small_territory()["652302"]
    day = CalendarDay(region=city, date=START, kind=DayKind.HOLIDAY, is_workday=False, name="元旦")
    day.save()
    day.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        day.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        OfficeHours.objects.create(
            region=city,
            season_from="05-01",
            season_to="09-30",
            opens=dt.time(14),
            closes=dt.time(10),
        )


def test_a_qr_code_is_unique_and_hard_to_guess() -> None:
    place = small_territory()["4"]
    codes = {new_qr_code() for _i in range(500)}
    assert len(codes) == 500
    assert all(len(code) == 10 for code in codes)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlaceQr.objects.create(area=place, code="abcdefgh23")


def test_a_building_knows_its_doors_and_a_place_its_chain() -> None:
    places = small_territory()
    assert places["46"].door_count == 48
    assert places["fx"].door_count == 0
    chain = [places[key].pk for key in ("652302", "652302002", "652302002004", "652302002004001")]
    assert places["46"].ancestor_ids == [*chain, places["fx"].pk, places["46"].pk]


CITY_HOURS = {"season_from": "10-01", "season_to": "04-30", "opens": dt.time(10)}


@pytest.mark.parametrize(
    "block",
    [
        {"opens": dt.time(12), "closes": dt.time(16)},
        {"opens": dt.time(9), "closes": dt.time(20)},
        {"season_from": "04-01", "season_to": "09-30", "closes": dt.time(11)},
        {"season_from": "01-01", "season_to": "12-31", "closes": dt.time(11)},
        {"season_from": "12-01", "season_to": "02-01", "closes": dt.time(11)},
    ],
)
def test_overlapping_office_hours_are_refused_by_the_database(block: dict[str, Any]) -> None:
    city = small_territory()["652302"]
    OfficeHours.objects.create(region=city, **CITY_HOURS, closes=dt.time(14))
    with pytest.raises(IntegrityError), transaction.atomic():
        OfficeHours.objects.create(region=city, **(CITY_HOURS | block))


def test_office_hours_apart_are_accepted() -> None:
    places = small_territory()
    city = places["652302"]
    OfficeHours.objects.create(region=city, **CITY_HOURS, closes=dt.time(14))
    apart: list[dict[str, Any]] = [
        {"opens": dt.time(14), "closes": dt.time(19, 30)},
        {"season_from": "05-01", "season_to": "09-30", "closes": dt.time(14)},
        {"region": places["652302002004"], "closes": dt.time(14)},
    ]
    for block in apart:
        OfficeHours.objects.create(**({"region": city} | CITY_HOURS | block))
    assert OfficeHours.objects.count() == 4
