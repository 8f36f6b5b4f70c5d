"""Sending a report: once, seen as it is sent, joined where known, and the receipt."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from petitions.intake import drafts
from petitions.models import Category, IdempotencyKey, MeToo, Petition, RateLimitCounter
from petitions.rules import tracking_codes
from tests.support.report_client import (
    PHONE,
    TEXT,
    Resident,
    fresh,
    hidden_fields,
    photo_file,
    resident,
)

__all__ = ["fresh", "resident"]  # fixtures


def test_sending_twice_makes_one_case_with_the_same_receipt(resident: Resident) -> None:
    page = resident.open_check_page()
    assert resident.submit(page)["Location"] == "/report/receipt/"
    first = resident.client.get("/report/receipt/").content
    assert resident.submit(page)["Location"] == "/report/receipt/"
    assert _without_tokens(resident.client.get("/report/receipt/").content) == _without_tokens(
        first
    )
    assert Petition.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_make_one_case(resident: Resident) -> None:
    page = resident.open_check_page()
    session = resident.client.cookies["sessionid"].value

    def press(_number: int) -> str:
        client = Client()
        client.cookies["sessionid"] = session
        try:
            return str(client.post("/report/check/", hidden_fields(page))["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {"/report/receipt/"}
    assert Petition.objects.count() == 1


def _without_tokens(page: bytes) -> bytes:
    page = re.sub(rb'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"', b"", page)
    page = re.sub(rb'data-reload-after="\d+"', b"", page)
    return re.sub("还剩[^<]*".encode(), b"", page)


def test_an_answer_lost_on_the_way_leads_to_the_same_case(resident: Resident) -> None:
    page = resident.open_check_page()
    kept = resident.client.session[drafts.SESSION_KEY]
    resident.submit(page)
    session = resident.client.session
    session[drafts.SESSION_KEY] = kept  # as if the first answer never arrived
    del session["receipt"]
    session.save()
    assert resident.submit(page)["Location"] == "/report/receipt/"
    assert Petition.objects.count() == 1


def test_changed_words_under_a_used_key_are_refused_in_plain_words(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.write_report(photos=[photo_file()])
    resident.enter_contact(phone=PHONE)
    page = resident.client.get("/report/check/")
    kept = resident.client.session[drafts.SESSION_KEY]
    resident.submit(page)
    session = resident.client.session
    session[drafts.SESSION_KEY] = kept | {"text": "另外的话"}
    del session["receipt"]
    session.save()
    again = resident.client.get("/report/check/")
    refused = resident.submit(again)
    assert refused.status_code == 409
    assert "先前已经收到" in refused.content.decode()
    assert "另外的话" in refused.content.decode()
    assert Petition.objects.get().text == TEXT
    assert resident.client.get("/report/receipt/").status_code == 200
    resident.submit(refused)  # looked at again, and sent as another matter
    assert sorted(Petition.objects.values_list("text", flat=True)) == sorted([TEXT, "另外的话"])


def test_what_changed_in_another_window_is_shown_before_it_is_sent(resident: Resident) -> None:
    page = resident.open_check_page()
    resident.write_report(text="另一个窗口里改的")
    refused = resident.submit(page)
    assert refused.status_code == 409
    assert "另一个窗口里改的" in refused.content.decode()
    assert Petition.objects.count() == 0
    assert resident.submit(refused).status_code == 302


def test_a_new_privacy_notice_is_shown_before_it_is_accepted(resident: Resident) -> None:
    page = resident.open_check_page()
    refused = resident.submit(page, notice="2025-12")
    assert refused.status_code == 409
    assert "隐私告知刚刚更新" in refused.content.decode()
    assert Petition.objects.count() == 0


def test_the_thirty_first_report_of_an_hour_is_refused_and_kept(resident: Resident) -> None:
    resident.submit(resident.open_check_page())
    RateLimitCounter.objects.filter(bucket__startswith="file:").update(count=30)
    page = resident.open_check_page()
    refused = resident.submit(page)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert Petition.objects.count() == 1
    assert TEXT in resident.client.get("/report/check/").content.decode()


# known matters


def test_the_same_matter_is_shown_before_sending_and_can_be_joined(resident: Resident) -> None:
    known = resident.stage.file().petition
    other = resident.stage.file(category=Category.objects.get(code="WS05")).petition
    page = resident.open_check_page(phone=PHONE).content.decode()
    assert f"/report/me-too/{known.pk}/" in page
    assert f"/report/me-too/{other.pk}/" not in page
    answer = resident.client.post(f"/report/me-too/{known.pk}/")
    assert answer["Location"] == "/report/receipt/"
    assert MeToo.objects.get().petition == known
    assert Petition.objects.count() == 2
    assert drafts.SESSION_KEY not in resident.client.session


# the receipt


def test_the_receipt_shows_number_and_code_and_only_here(resident: Resident) -> None:
    resident.submit(resident.open_check_page(phone=PHONE))
    page = resident.client.get("/report/receipt/")
    petition = Petition.objects.get()
    code = tracking_codes.code_for(petition.uuid)
    body = page.content.decode()
    assert petition.number in body
    assert tracking_codes.shown(code) in body
    assert f'data-copy="{code}"' in body
    assert "将在" in body
    assert "no-store" in page["Cache-Control"]
    assert "后四位" in body
    assert code not in page.request["PATH_INFO"]
    assert Client().get("/report/receipt/")["Location"] == "/track/"


def test_the_receipt_draws_a_code_without_inline_styles(resident: Resident) -> None:
    resident.submit(resident.open_check_page())
    body = resident.client.get("/report/receipt/").content.decode()
    drawn = body.split('class="slip__qr"')[1].split("</svg>")[0]
    assert "<path" in drawn
    assert "style=" not in body
    assert "码丢了我们也找不回来" in body


def test_the_receipt_tells_the_browser_to_forget_the_draft(resident: Resident) -> None:
    resident.submit(resident.open_check_page())
    page = resident.client.get("/report/receipt/").content.decode()
    assert '<meta name="draft-clear" content="report">' in page


# costs


def test_no_page_asks_the_database_much(resident: Resident) -> None:
    resident.stage.file()
    page = resident.open_check_page(phone=PHONE)
    for path in ("", "what/", "tell/", "reach/", "check/"):
        with CaptureQueriesContext(connection) as asked:
            resident.client.get(f"/report/{path}")
        assert len(asked) <= 12, path
    resident.submit(page)
    with CaptureQueriesContext(connection) as asked:
        resident.client.get("/report/receipt/")
    assert len(asked) <= 12
    assert IdempotencyKey.objects.count() == 1
