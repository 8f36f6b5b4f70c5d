"""The receipt on a device that others use too: it ends after 15 minutes or by a button."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import time_machine
from django.test import Client

from config.lib import clock
from petitions.enums import Status
from petitions.models import Petition
from petitions.rules import tracking_codes
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import PHONE, Resident, fresh, resident

__all__ = ["fresh", "resident"]  # fixtures

RECEIPT, CLEAR = "/report/receipt/", "/report/clear/"


def _later(minutes: float) -> time_machine.travel:
    return time_machine.travel(clock.now() + dt.timedelta(minutes=minutes), tick=False)


def _code(petition: Petition) -> str:
    return tracking_codes.shown(tracking_codes.code_for(petition.uuid))


def _submitted(resident: Resident) -> str:
    resident.submit(resident.open_check_page(phone=PHONE))
    code = _code(Petition.objects.get())
    assert code in resident.client.get(RECEIPT).content.decode()
    return code


def test_receipt_ends_after_fifteen_minutes(resident: Resident) -> None:
    code = _submitted(resident)
    with _later(14.9):
        assert code in resident.client.get(RECEIPT).content.decode()
    with _later(15.1):
        answer: Any = resident.client.get(RECEIPT, follow=True)
    assert answer.redirect_chain == [("/track/", 302)]
    page = answer.content.decode()
    assert code not in page
    assert "现在已经收起" in page


def test_open_page_leaves_the_screen_when_the_receipt_ends(resident: Resident) -> None:
    _submitted(resident)
    with _later(5):
        page = resident.client.get(RECEIPT).content.decode()
    found = re.search(r'data-reload-after="(\d+)"', page)
    assert found
    assert 590 <= int(found[1]) <= 600
    assert "15 分钟自动收起" in page
    assert "no-store" in resident.client.get(RECEIPT)["Cache-Control"]


def test_second_press_after_the_end_makes_no_second_case(resident: Resident) -> None:
    page = resident.open_check_page()
    resident.submit(page)
    with _later(20):
        assert resident.submit(page).status_code == 302
    assert Petition.objects.count() == 1


def test_button_clears_the_device(resident: Resident) -> None:
    code = _submitted(resident)
    client = resident.client
    digits = {"code": code, "digits": PHONE[-4:]}
    assert client.post("/track/", digits)["Location"] == "/track/case/"
    resident.choose_place()
    assert 'action="/report/clear/"' in client.get(RECEIPT).content.decode()
    answer: Any = client.post(CLEAR, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "已清除" in answer.content.decode()
    assert client.get(RECEIPT).status_code == 302
    assert client.get("/track/case/").status_code == 302
    assert client.get("/report/what/")["Location"] == "/report/"  # the draft is gone
    assert not set(client.session.keys())


def test_joined_case_is_cleared_with_the_browsers_id(stage: Stage, client: Client) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    join = f"/q/qrcodeb46/me-too/{petition.pk}/"
    client.post(join)
    first = client.get(RECEIPT).content.decode()
    client.post(CLEAR)
    client.post(join)
    codes = [re.findall(r'code__value"[^>]*>([^<]+)<', page) for page in (first,)]
    assert codes[0]
    assert codes[0][0] not in client.get(RECEIPT).content.decode()  # the next person's own code


def test_clearing_logs_nobody_out_and_needs_a_post(stage: Stage) -> None:
    client = login(stage, "secretary")
    assert client.get(CLEAR).status_code == 405
    client.post(CLEAR)
    assert client.get("/home/").status_code == 200
