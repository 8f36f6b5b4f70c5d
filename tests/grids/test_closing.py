"""Closing a place: what remains is listed, and open cases keep it open."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from branches.enums import OrgKind, OrgLevel
from branches.workflow import add_organisation, end_responsibility
from config.lib import holdings
from grids.models import Area
from grids.workflow import close_area
from petitions.enums import Status
from tests.support.cast import SINCE, Stage

TODAY = timezone.localdate()


def _counts(area: Area, day: dt.date = TODAY) -> dict[str, int]:
    return {item.code: item.count for item in holdings.of("place", area, day)}


@pytest.fixture
def system(stage: Stage, client: Client, settings: Settings) -> Client:
    """A browser of the system administrator."""
    settings.DEMO = True  # without the second factor
    user = stage.cast["sysadmin"]
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("status", "is_refused"),
    [
        (Status.SUBMITTED, True),
        (Status.IN_PROGRESS, True),
        (Status.RESOLVED, True),  # the resident may still dispute it
        (Status.CLOSED, False),
        (Status.WITHDRAWN, False),
    ],
)
def test_place_with_an_open_case_is_not_closed(
    stage: Stage, status: Status, is_refused: bool
) -> None:
    stage.at(status)
    building = stage.town.building
    if is_refused:
        with pytest.raises(ValidationError, match="1 件没有办完的诉求"):
            close_area(area=building, on=TODAY)
    else:
        close_area(area=building, on=TODAY)
    assert (Area.objects.get(pk=building.pk).valid_to is None) == is_refused


def test_case_below_keeps_a_place_open(stage: Stage) -> None:
    stage.file()
    assert _counts(stage.town.areas["fxhy"]) == {"places": 2, "cases": 1}


def test_everything_that_remains_is_listed(stage: Stage) -> None:
    stage.file()
    building = stage.town.building
    add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.BUILDING_GROUP,
        parent=stage.town.orgs["branch"],
        area=building,
        name="46号楼第二党小组",
        on=SINCE,
    )
    assert _counts(building) == {
        "posters": 1,
        "responsibilities": 1,
        "organisations": 2,
        "cases": 1,
    }
    row = building.responsibilities.get()
    end_responsibility(responsibility=row, on=TODAY)
    assert "responsibilities" not in _counts(building)


def test_page_lists_what_remains_and_offers_no_button(stage: Stage, system: Client) -> None:
    stage.file()
    building = stage.town.building
    url = reverse("admin:grids_area_end", args=[building.pk])
    page = system.get(url)
    text = page.content.decode()
    for words in ("1 件没有办完的诉求", "46号楼党小组", "楼栋二维码 1 个"):
        assert words in text
    assert 'name="end"' not in text
    sent = {"on": TODAY.isoformat(), "seen": page.context["seen"], "end": "x"}
    refused = system.post(url, sent)
    assert "办完才能停用" in str(refused.context["form"].errors)
    building.refresh_from_db()
    assert building.valid_to is None


def test_place_without_open_cases_is_closed_on_the_page(stage: Stage, system: Client) -> None:
    area = stage.town.areas["b47"]
    url = reverse("admin:grids_area_end", args=[area.pk])
    page = system.get(url)
    assert "47号楼党小组" in page.content.decode()
    before = {"on": (SINCE - dt.timedelta(days=1)).isoformat(), "seen": page.context["seen"]}
    refused = system.post(url, before | {"end": "x"})
    assert list(refused.context["form"].errors) == ["on"]
    system.post(url, {"on": TODAY.isoformat(), "seen": page.context["seen"], "end": "x"})
    area.refresh_from_db()
    assert area.valid_to == TODAY


def test_closing_a_place_never_prolongs_it(stage: Stage, system: Client) -> None:
    area = stage.town.areas["b47"]
    Area.objects.filter(pk=area.pk).update(valid_to=TODAY)
    url = reverse("admin:grids_area_end", args=[area.pk])
    later = (TODAY + dt.timedelta(days=30)).isoformat()
    sent = {"on": later, "seen": system.get(url).context["seen"], "end": "x"}
    refused = system.post(url, sent)
    assert list(refused.context["form"].errors) == ["on"]
    assert "只能提前，不能推后" in refused.context["form"].errors["on"][0]
    area.refresh_from_db()
    assert area.valid_to == TODAY
    with pytest.raises(ValidationError, match="不能推后"):
        close_area(area=area, on=TODAY + dt.timedelta(days=1))
