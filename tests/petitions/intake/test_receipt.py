"""The receipt on a device that others use too: it ends after 15 minutes or by a button."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import time_machine
from django.test import Client

from config.lib import clock
from petitions.enums import Status
from petitions.models import MeToo, Petition
from petitions.rules import tracking_codes
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import PHONE, Resident, fresh, resident
from tests.support.tracking_client import open_case

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


def test_own_case_is_not_joined_and_its_receipt_stays(resident: Resident) -> None:
    resident.submit(resident.open_check_page())  # without a telephone number
    petition = Petition.objects.get()
    for path in (f"/q/qrcodeb46/me-too/{petition.pk}/", f"/report/me-too/{petition.pk}/"):
        resident.choose_place()
        answer: Any = resident.client.post(path, follow=True)
        assert answer.redirect_chain == [(RECEIPT, 302)]
        page = answer.content.decode()
        assert "这是您自己反映的" in page
        assert _code(petition) in page
    assert not MeToo.objects.exists()


def test_case_that_is_tracked_is_not_joined(stage: Stage, client: Client) -> None:
    petition = stage.file().petition
    open_case(client, petition)
    answer: Any = client.post(f"/q/qrcodeb46/me-too/{petition.pk}/", follow=True)
    assert answer.redirect_chain == [("/track/case/", 302)]
    assert "这是您自己反映的" in answer.content.decode()
    assert not MeToo.objects.exists()


def test_receipt_that_has_ended_leads_to_the_code_and_not_to_joining(resident: Resident) -> None:
    resident.submit(resident.open_check_page())
    with _later(16):
        path = f"/q/qrcodeb46/me-too/{Petition.objects.get().pk}/"
        answer: Any = resident.client.post(path, follow=True)
    assert answer.redirect_chain[-1] == ("/track/", 302)
    assert "这是您自己反映的" in answer.content.decode()
    assert not MeToo.objects.exists()


def test_case_that_was_only_joined_can_be_joined_again(stage: Stage, client: Client) -> None:
    petition = stage.file().petition
    for _press in range(2):
        answer: Any = client.post(f"/q/qrcodeb46/me-too/{petition.pk}/", follow=True)
        assert "已记下，您家也是" in answer.content.decode()
    assert MeToo.objects.count() == 1


def test_joining_another_case_leaves_the_own_code_on_the_receipt(resident: Resident) -> None:
    other = resident.stage.at(Status.ACCEPTED)
    resident.submit(resident.open_check_page())  # without a telephone number
    own = Petition.objects.exclude(pk=other.pk).get()
    with _later(5):
        for _press in range(2):
            answer: Any = resident.client.post(f"/q/qrcodeb46/me-too/{other.pk}/", follow=True)
            page = answer.content.decode()
            assert "已记下，您家也是" in page
            assert _code(own) in page
            assert own.number in page
        found = re.search(r'data-reload-after="(\d+)"', page)
        assert found
        assert int(found[1]) <= 600  # of the receipt that ends first
        answer = resident.client.post(f"/q/qrcodeb46/me-too/{own.pk}/", follow=True)
        assert "这是您自己反映的" in answer.content.decode()
        assert _code(own) in answer.content.decode()
    with _later(16):
        page = resident.client.get(RECEIPT).content.decode()
        assert "已记下，您家也是" in page
        assert _code(own) not in page
    resident.client.post(CLEAR)
    assert "receipt" not in resident.client.session


def test_a_second_report_leaves_the_first_code_on_the_receipt(resident: Resident) -> None:
    codes = []
    for _report in range(2):
        resident.submit(resident.open_check_page())
        codes.append(_code(Petition.objects.latest("pk")))
    page = resident.client.get(RECEIPT).content.decode()
    assert all(page.count(f">{code}<") == 1 for code in codes)
