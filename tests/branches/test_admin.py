"""Admin of organisations: mobile activity rooms and their stops go through the workflow."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from branches.enums import OrgKind, OrgLevel
from branches.models import MobileActivityRoom, Organisation, Stop
from branches.workflow import add_organisation
from tests.support.cast import Town, build_cast, build_town

pytestmark = pytest.mark.django_db
ADD = "admin:branches_mobileactivityroom_add"


@pytest.fixture
def town() -> Town:
    return build_town()


@pytest.fixture
def yurts(town: Town) -> Organisation:
    return add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.YURT_GROUP,
        parent=town.orgs["yingbin"],
        area=town.areas["yingbin"],
        name="毡房党小组",
        on=dt.date(2026, 1, 1),
    )


@pytest.fixture
def system_admin(town: Town, client: Client, settings: Any) -> Client:
    settings.DEMO = True  # without the second factor
    user = build_cast(town)["sysadmin"]
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client.force_login(user)
    return client


def _room(organisation: Organisation, *stops: dict[str, str]) -> dict[str, str]:
    fields = {
        "name": "流动毡房",
        "organisation": str(organisation.pk),
        "stops-TOTAL_FORMS": str(len(stops)),
        "stops-INITIAL_FORMS": str(sum("id" in stop for stop in stops)),
    }
    for number, stop in enumerate(stops):
        fields |= {f"stops-{number}-{name}": value for name, value in stop.items()}
    return fields


def test_a_room_and_its_stops_are_added_corrected_and_deleted(
    system_admin: Client, town: Town, yurts: Organisation
) -> None:
    stop = {"area": str(town.areas["yingbin"].pk), "date": "2026-12-01", "services": "义诊"}
    assert system_admin.post(reverse(ADD), _room(yurts, stop)).status_code == 302
    room = MobileActivityRoom.objects.get()
    added = Stop.objects.get(room=room)
    assert (room.name, added.services) == ("流动毡房", "义诊")
    url = reverse("admin:branches_mobileactivityroom_change", args=[room.pk])
    known = stop | {"id": str(added.pk), "room": str(room.pk)}
    fields = _room(yurts, known | {"services": "送药"}) | {"name": "二号毡房"}
    assert system_admin.post(url, fields).status_code == 302
    room.refresh_from_db()
    assert (room.name, Stop.objects.get().services) == ("二号毡房", "送药")
    system_admin.post(url, _room(yurts, known | {"DELETE": "on"}))
    assert not Stop.objects.exists()


def test_only_a_yurt_group_gets_a_room(system_admin: Client, town: Town) -> None:
    answer = system_admin.post(reverse(ADD), _room(town.orgs["group"]))
    assert "流动毡房活动室只能属于毡房党小组" in answer.content.decode()
    assert not MobileActivityRoom.objects.exists()
