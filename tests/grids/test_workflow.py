"""Workflow of territory: names, codes, paths and the calendar."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from config.lib import register_cache
from grids import workflow
from grids.calendar import calendars
from grids.enums import AreaKind, CodeScheme, Level
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr
from tests.support.database_roles import as_owner
from tests.support.places import START, TODAY, grid, small_territory

pytestmark = pytest.mark.django_db


def test_a_place_knows_its_names_path_and_order() -> None:
    places = small_territory()
    it = Area.objects.get(pk=places["46"].pk)
    assert it.full_name == "阜兴花苑46号楼"
    assert it.initials == "fxhy46hl"
    assert it.path == f"{places['fx'].path}{it.pk:08d}."
    assert "迎宾路社区" in it.search_text
    assert "yblsq" in it.search_text
    below = Area.objects.filter(parent=places["cq"]).order_by("sort_key")
    assert [area.name for area in below] == ["2号楼", "10号楼"]


def test_every_reading_of_the_first_characters_is_searchable() -> None:
    words = Area.objects.get(pk=small_territory()["cq"].pk).search_text.split()
    assert {"zqxq", "cqxq"} <= set(words)


def test_chinese_numerals_sort_as_numbers() -> None:
    parent = small_territory()["652302002004"]
    names = ["第十网格", "第二网格", "第十二网格", "第一网格"]
    for name in names:
        workflow.add_area(level=Level.GRID, kind=AreaKind.GRID, parent=parent, name=name, on=START)
    rows = Area.objects.filter(parent=parent, name__in=names).order_by("sort_key")
    assert [area.name for area in rows] == ["第一网格", "第二网格", "第十网格", "第十二网格"]


def test_one_place_is_added_below_another() -> None:
    parent = small_territory()["fx"]
    area = workflow.add_area(
        level=Level.BUILDING,
        kind=AreaKind.BUILDING,
        parent=parent,
        name="7号楼",
        on=TODAY,
        entrances=2,
        floors=5,
        doors_per_floor=3,
    )
    assert area.path.startswith(parent.path)
    assert area.is_valid_on(TODAY)
    assert not area.is_valid_on(TODAY - dt.timedelta(days=1))


def test_a_place_that_does_not_fit_is_refused() -> None:
    places = small_territory()
    with pytest.raises(ValidationError, match="层级"):
        workflow.add_area(
            level=Level.GRID, kind=AreaKind.GRID, parent=places["fx"], name="甲", on=START
        )
    with pytest.raises(ValidationError, match="县级市"):
        workflow.add_area(level=Level.GRID, kind=AreaKind.GRID, parent=None, name="甲", on=START)
    with pytest.raises(ValidationError):
        workflow.add_area(
            level=Level.ESTATE,
            kind=AreaKind.ESTATE,
            parent=places["652302002004001"],
            name="长" * 61,
            on=START,
        )


def test_a_new_code_ends_the_old_one_the_day_before() -> None:
    area = small_territory()["652302002004"]
    new = workflow.set_code(area=area, scheme=CodeScheme.DIVISION, code="652302002044", on=TODAY)
    old = AreaCode.objects.get(code="652302002004")
    assert old.valid_to == TODAY - dt.timedelta(days=1)
    assert new.valid_to is None
    again = workflow.set_code(area=area, scheme=CodeScheme.DIVISION, code="652302002044", on=TODAY)
    assert again == new
    with pytest.raises(ValidationError, match="同一天"):
        workflow.set_code(area=area, scheme=CodeScheme.DIVISION, code="652302002045", on=TODAY)


@pytest.mark.parametrize(
    ("key", "scheme", "code"),
    [
        ("652302002004", CodeScheme.DIVISION, "6523020020"),
        ("652302002004001", CodeScheme.GRID, "652302002004"),
        ("652302002004001", CodeScheme.GRID, "652302002005002"),  # another community's code
        ("46", CodeScheme.BUILDING, "46"),
    ],
)
def test_a_code_of_a_wrong_shape_is_refused(key: str, scheme: CodeScheme, code: str) -> None:
    area = small_territory()[key]
    with pytest.raises(ValidationError):
        workflow.set_code(area=area, scheme=scheme, code=code, on=TODAY)


def test_a_grid_in_a_list_takes_its_communitys_code_from_the_same_list() -> None:
    with pytest.raises(ValidationError, match="12位"):
        workflow.add_areas(areas=[grid_below_wrong_community()], on=START)


def grid_below_wrong_community() -> workflow.NewArea:
    places = small_territory()
    wrong = grid("652302002005009", "甲网格")
    return workflow.NewArea(
        parent=places["652302002004"],
        level=wrong.level,
        kind=wrong.kind,
        name=wrong.name,
        scheme=wrong.scheme,
        code=wrong.code,
    )


def test_a_place_is_closed_from_the_leaves_up() -> None:
    places = small_territory()
    with pytest.raises(ValidationError, match="下面"):
        workflow.close_area(area=places["cq"], on=TODAY)
    for key in ("2", "10", "cq"):
        workflow.close_area(area=places[key], on=TODAY)
    closed = Area.objects.get(pk=places["cq"].pk)
    assert closed.is_valid_on(TODAY)
    assert not closed.is_valid_on(TODAY + dt.timedelta(days=1))
    workflow.close_area(area=places["652302002005001"], on=TODAY)
    assert AreaCode.objects.get(code="652302002005001").valid_to == TODAY
    with pytest.raises(ValidationError, match="早于"):
        workflow.close_area(area=places["46"], on=START - dt.timedelta(days=1))


def test_a_qr_link_is_issued_and_revoked_once() -> None:
    places = small_territory()
    qr = workflow.issue_qr(area=places["4"])
    first = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    workflow.revoke_qr(qr=qr, now=first)
    workflow.revoke_qr(qr=qr, now=first + dt.timedelta(days=1))
    assert PlaceQr.objects.get(pk=qr.pk).revoked_at == first
    with pytest.raises(ValidationError):
        workflow.issue_qr(area=places["652302"])


ROWS = [
    {"date": "2027-01-01", "kind": "holiday", "is_workday": "false", "name": "元旦"},
    {"date": "2027-01-02", "kind": "make_up", "is_workday": "true", "name": "元旦调休上班"},
    {"date": "1月3日", "kind": "holiday", "is_workday": "false", "name": "元旦"},
    {"date": "2027-01-04", "kind": "fair", "is_workday": "false", "name": "集市"},
    {"date": "2027-01-05", "kind": "holiday", "is_workday": "maybe", "name": "元旦"},
    {"date": "2027-01-06", "kind": "holiday", "is_workday": "false", "name": "长" * 50},
]


def test_a_notice_is_tried_first_and_then_taken_over() -> None:
    city = small_territory()["652302"]
    tried = workflow.import_calendar(region=city, rows=ROWS, source="通知", dry_run=True)
    assert (tried.added, [line for line, _why in tried.refused]) == (2, [4, 5, 6, 7])
    assert not CalendarDay.objects.exists()
    done = workflow.import_calendar(region=city, rows=ROWS, source="通知")
    assert (done.added, CalendarDay.objects.count()) == (2, 2)
    again = workflow.import_calendar(region=city, rows=ROWS[:2], source="通知")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    changed = workflow.import_calendar(
        region=city, rows=[{**ROWS[1], "is_workday": "否"}], source="更正"
    )
    assert (changed.changed, CalendarDay.objects.get(name="元旦调休上班").is_workday) == (1, False)


def test_an_import_is_seen_at_once() -> None:
    city = small_territory()["652302"]
    friday = dt.date(2027, 1, 1)
    assert calendars.for_path(city.path).is_workday(friday)
    workflow.import_calendar(region=city, rows=ROWS[:1], source="通知")
    assert not calendars.for_path(city.path).is_workday(friday)


def test_office_hours_are_replaced_as_a_whole() -> None:
    city = small_territory()["652302"]
    workflow.set_office_hours(region=city, hours=[("01-01", "12-31", dt.time(9), dt.time(12))])
    workflow.set_office_hours(region=city, hours=[("01-01", "12-31", dt.time(9), dt.time(13))])
    assert calendars.for_path(city.path).day_minutes == 240
    with pytest.raises(ValidationError):
        workflow.set_office_hours(region=city, hours=[("13-01", "12-31", dt.time(9), dt.time(12))])


def test_overlapping_office_hours_change_nothing() -> None:
    city = small_territory()["652302"]
    workflow.set_office_hours(region=city, hours=[("01-01", "12-31", dt.time(9), dt.time(12))])
    year = ("01-01", "12-31")
    hours = [
        (*year, dt.time(10), dt.time(14)),
        (*year, dt.time(12), dt.time(16)),
        (*year, dt.time(15, 30), dt.time(19, 30)),
    ]
    with pytest.raises(ValidationError) as refused:
        workflow.set_office_hours(region=city, hours=hours)
    assert list(refused.value.message_dict) == ["opens"]
    assert calendars.for_path(city.path).day_minutes == 180


def test_overlapping_hours_of_earlier_releases_are_merged() -> None:
    city = small_territory()["652302"]
    migration = import_module("grids.migrations.0006_merge_office_hours")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE grids_officehours DROP CONSTRAINT office_hours_apart")
    for opens, closes in (((10, 0), (14, 0)), ((12, 0), (16, 0)), ((15, 30), (19, 30))):
        OfficeHours.objects.create(
            region=city,
            season_from="01-01",
            season_to="12-31",
            opens=dt.time(*opens),
            closes=dt.time(*closes),
        )
    migration.merge(apps, None)
    row = OfficeHours.objects.get()
    assert (row.opens, row.closes) == (dt.time(10), dt.time(19, 30))
    register_cache.forget_version()
    assert calendars.for_path(city.path).day_minutes == 570
