"""The box for confidential contact details says what ticking it does; later pages what it did."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from branches.enums import OpenCases
from branches.models import Responsibility
from branches.workflow import end_responsibility
from petitions.models import Category, Petition
from tests.petitions.intake.test_desk import PREVIEW
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import PHONE, Resident
from tests.support.tracking_client import open_case


@pytest.fixture
def resident(client: Client, stage: Stage) -> Resident:
    """A resident with an empty draft."""
    return Resident(client, stage)


@pytest.mark.parametrize(
    ("about", "offer", "words"),
    [
        (
            "",
            (
                "勾上以后：第三网格党支部打不开您的联系方式，只有迎宾路社区党委能打开，有事由它转达；"
                "不勾，承办的组织也能看。"
            ),
            "由第三网格党支部办理，它打不开您的联系方式；只有迎宾路社区党委能打开",
        ),
        (
            "branch",
            (
                "勾上以后：迎宾路社区党委打不开您的联系方式，只有阜新街道党工委能打开，有事由它转达；"
                "不勾，承办的组织也能看。"
            ),
            "由迎宾路社区党委办理，它打不开您的联系方式；只有阜新街道党工委能打开",
        ),
        (
            "yingbin",
            (
                "勾上以后：阜新街道党工委和别的组织都打不开您的联系方式，请用查询码看答复；"
                "不勾，承办的组织也能看。"
            ),
            "由阜新街道党工委办理，它打不开您的联系方式，别的组织也打不开",
        ),
    ],
)
def test_the_box_names_the_bodies_of_this_route(
    resident: Resident, about: str, offer: str, words: str
) -> None:
    resident.choose_place()
    resident.choose_category()
    chosen = str(resident.stage.town.orgs[about].pk) if about else ""
    resident.write_report(about=chosen)
    page = resident.client.get("/report/reach/").content.decode()
    assert offer in page
    assert words not in page
    assert "只让社区知道" not in page
    resident.enter_contact(phone=PHONE, is_confidential="on")
    check = resident.client.get("/report/check/")
    assert words in check.content.decode()
    resident.submit(check)
    tracked = open_case(Client(), Petition.objects.get())
    assert words in tracked


def test_the_desk_reads_out_what_ticking_the_box_does(stage: Stage) -> None:
    fields = {
        "place": stage.town.building.pk,
        "category": Category.objects.get(code="WS01").pk,
    }
    page = login(stage, "clerk").post(PREVIEW, fields).content.decode()
    assert "“勾上以后：第三网格党支部打不开您的联系方式，只有迎宾路社区党委能打开" in page
    assert "由第三网格党支部办理，它打不开" not in page


def test_the_desk_of_the_handler_says_that_it_knows_the_contact(stage: Stage) -> None:
    fields = {
        "place": stage.town.areas["yingbin"].pk,
        "category": Category.objects.get(code="WS01").pk,
    }
    page = login(stage, "clerk").post(PREVIEW, fields).content.decode()
    assert "勾上以后：迎宾路社区党委有人已经看过您的联系方式，以后不能再打开" in page
    page = login(stage, "official").post(PREVIEW, fields).content.decode()
    assert "勾上以后：迎宾路社区党委打不开您的联系方式，只有阜新街道党工委能打开" in page


def test_the_form_that_corrects_the_contact_says_the_same(client: Client, stage: Stage) -> None:
    page = open_case(client, stage.file().petition)
    assert "勾上以后：第三网格党支部打不开您的联系方式" in page
    assert "由第三网格党支部办理，它打不开" not in page


def test_a_body_that_left_the_place_is_named_on_no_page(resident: Resident) -> None:
    stage = resident.stage
    row = Responsibility.objects.get(organisation=stage.town.orgs["yingbin"])
    day = timezone.localdate() - dt.timedelta(days=1)
    end_responsibility(responsibility=row, on=day, open_cases=OpenCases.STAY)
    resident.choose_place()
    resident.choose_category()
    resident.write_report()
    offer = "勾上以后：第三网格党支部打不开您的联系方式，只有阜新街道党工委能打开"
    assert offer in resident.client.get("/report/reach/").content.decode()
    refused = resident.client.post("/report/reach/", {"phone": "1", "is_confidential": "on"})
    assert offer in refused.content.decode()
    resident.enter_contact(phone=PHONE, is_confidential="on")
    check = resident.client.get("/report/check/")
    words = "由第三网格党支部办理，它打不开您的联系方式；只有阜新街道党工委能打开"
    assert words in check.content.decode()
    resident.submit(check)
    assert words in open_case(Client(), Petition.objects.get())
    fields = {"place": stage.town.building.pk, "category": Category.objects.get(code="WS01").pk}
    assert offer in login(stage, "official").post(PREVIEW, fields).content.decode()
