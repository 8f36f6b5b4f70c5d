"""Admin of territory: places are added by the workflow and cannot be moved, renamed or deleted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from branches.models import Organisation, Responsibility
from grids.calendar import calendars
from grids.models import Area, CalendarDay, OfficeHours, PlaceQr
from members.models import User
from tests.support.cast import Town, build_cast, build_town

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    return build_town()


@pytest.fixture
def admin_client(town: Town, client: Client, settings: Any) -> Client:
    settings.DEMO = True  # without the second factor
    user = build_cast(town)["sysadmin"]
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(user)
    return client


def building(parent: Area, **changes: str) -> dict[str, str]:
    given = {
        "level": "6",
        "kind": "building",
        "parent": str(parent.pk),
        "name": "9号楼",
        "entrances": "2",
        "floors": "6",
        "doors_per_floor": "2",
        "season_from": "",
        "season_to": "",
        "valid_from": "2026-11-01",
        "codes-TOTAL_FORMS": "0",
        "codes-INITIAL_FORMS": "0",
    }
    return given | changes


def test_a_place_is_added_by_the_workflow(admin_client: Client, town: Town) -> None:
    estate = town.building.parent
    assert estate is not None
    url = reverse("admin:grids_area_add")
    assert admin_client.get(url).status_code == 200
    wrong = admin_client.post(url, building(estate, level="2", kind="town"))
    assert "层级" in wrong.content.decode()
    assert (
        admin_client.post(url, building(estate, kind="lane")).status_code == 200
    )  # refused, no error
    assert admin_client.post(url, building(estate)).status_code == 302
    made = Area.objects.get(name="9号楼")
    assert made.path.startswith(estate.path)
    assert made.full_name == f"{estate.full_name}9号楼"


def test_a_place_that_stands_is_not_moved_or_deleted(admin_client: Client, town: Town) -> None:
    url = reverse("admin:grids_area_change", args=[town.building.pk])
    assert admin_client.get(url).status_code == 200
    admin_client.post(url, building(town.areas["city"], name="改名", floors="7"))
    it = Area.objects.get(pk=town.building.pk)
    assert (it.name, it.path, it.floors) == (town.building.name, town.building.path, 7)
    gone = admin_client.post(reverse("admin:grids_area_delete", args=[it.pk]), {"post": "yes"})
    assert gone.status_code == 403


def test_a_qr_link_is_issued_and_revoked(admin_client: Client, town: Town) -> None:
    before = PlaceQr.objects.count()
    admin_client.post(reverse("admin:grids_placeqr_add"), {"area": str(town.building.pk)})
    assert PlaceQr.objects.count() == before + 1
    qr = PlaceQr.objects.filter(area=town.building, revoked_at=None).latest("id")
    admin_client.post(
        reverse("admin:grids_placeqr_changelist"),
        {"action": "revoke", "_selected_action": [str(qr.pk)]},
    )
    qr.refresh_from_db()
    assert qr.revoked_at is not None


def test_a_place_above_the_communities_gets_no_qr_link(admin_client: Client, town: Town) -> None:
    before = PlaceQr.objects.count()
    url = reverse("admin:grids_placeqr_add")
    answer = admin_client.post(url, {"area": str(town.areas["city"].pk)})
    assert "只有社区（村）以下的地点可以生成二维码" in answer.content.decode()
    assert PlaceQr.objects.count() == before


def test_a_deleted_calendar_day_stops_counting_at_once(
    admin_client: Client, town: Town, django_capture_on_commit_callbacks: Any
) -> None:
    day = CalendarDay.objects.create(
        region=town.areas["city"],
        date=dt.date(2027, 1, 1),
        kind="holiday",
        is_workday=False,
        name="元旦",
    )
    assert calendars.for_path(town.building.path).known_years == {2027}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(
            reverse("admin:grids_calendarday_changelist"),
            {"action": "delete_selected", "_selected_action": [str(day.pk)], "post": "yes"},
        )
    assert not CalendarDay.objects.filter(pk=day.pk).exists()
    assert calendars.for_path(town.building.path).known_years == frozenset()


def test_a_calendar_day_counts_at_once(
    admin_client: Client, town: Town, django_capture_on_commit_callbacks: Any
) -> None:
    assert calendars.for_path(town.building.path).known_years == frozenset()
    day = {"region": str(town.areas["city"].pk), "date": "2027-01-01", "kind": "holiday"}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(
            reverse("admin:grids_calendarday_add"), day | {"name": "元旦", "source": ""}
        )
    assert calendars.for_path(town.building.path).known_years == {2027}


def test_a_responsibility_is_checked_and_ended(admin_client: Client, town: Town) -> None:
    url = reverse("admin:branches_responsibility_add")
    given = {
        "organisation": str(town.orgs["group"].pk),
        "area": str(town.areas["b47"].pk),
        "season_from": "",
        "season_to": "",
        "valid_from": "2026-11-01",
        "valid_to": "",
    }
    taken = admin_client.post(url, given)
    assert taken.status_code == 200  # another group answers for it
    outside = admin_client.post(url, given | {"area": str(town.areas["d1"].pk)})
    assert outside.status_code == 200
    row = Responsibility.objects.get(organisation=town.orgs["group2"])
    end = reverse("admin:branches_responsibility_end", args=[row.pk])
    sent = {"on": "2026-11-30", "seen": admin_client.get(end).context["seen"], "end": "x"}
    assert admin_client.post(end, sent).status_code == 302
    row.refresh_from_db()
    assert row.valid_to is not None


def test_an_organisation_is_added_by_the_workflow(admin_client: Client, town: Town) -> None:
    given = {
        "name": "迎宾路社区第九网格党支部",
        "short_name": "第九网格党支部",
        "duty_phone": "",
        "level": "branch",
        "kind": "formal",
        "parent": str(town.orgs["yingbin"].pk),
        "area": str(town.areas["g8"].pk),
        "valid_from": "2026-11-01",
    }
    url = reverse("admin:branches_organisation_add")
    assert admin_client.post(url, given | {"parent": ""}).status_code == 200
    assert admin_client.post(url, given).status_code == 302
    made = Organisation.objects.get(short_name="第九网格党支部")
    assert made.path.startswith(town.orgs["yingbin"].path)


@pytest.mark.parametrize(
    ("block", "field", "words"),
    [
        ({"opens": "12:00", "closes": "16:00"}, "opens", "和已有的10:00–14:00重叠"),
        (
            {"season_from": "04-01", "season_to": "06-30", "opens": "20:00", "closes": "21:00"},
            "season_from",
            "同一天只能属于一个季节",
        ),
    ],
)
def test_overlapping_office_hours_are_refused_at_the_field(
    admin_client: Client, town: Town, block: dict[str, str], field: str, words: str
) -> None:
    before = OfficeHours.objects.count()
    data = {"region": str(town.areas["city"].pk), "season_from": "10-01", "season_to": "04-30"}
    response = admin_client.post(reverse("admin:grids_officehours_add"), data | block)
    assert response.status_code == 200
    assert words in str(response.context["adminform"].form.errors[field])
    assert OfficeHours.objects.count() == before


def test_office_hours_are_corrected_without_meeting_themselves(
    admin_client: Client, town: Town
) -> None:
    row = OfficeHours.objects.filter(opens=dt.time(10), season_from="10-01").get()
    data = {"region": str(row.region_id), "season_from": "10-01", "season_to": "04-30"}
    data |= {"opens": "09:30", "closes": "13:30"}
    url = reverse("admin:grids_officehours_change", args=[row.pk])
    assert admin_client.post(url, data).status_code == 302
    row.refresh_from_db()
    assert (row.opens, row.closes) == (dt.time(9, 30), dt.time(13, 30))
