"""Following a case by its code: the promise on top, nothing internal, and nothing for guessers."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.models import Organisation
from config.lib import register_cache
from grids.models import OfficeHours
from petitions.enums import STATUSES, Outcome, Status
from petitions.models import Category, Petition, RateLimitCounter
from petitions.rules import contacts, tracking_codes
from petitions.workflow import contact, escalation, handling, resolution
from tests.support.cast import Stage
from tests.support.tracking_client import (
    WRONG,
    code_of,
    enter_code,
    fresh,
    open_case,
    post_form,
    send_feedback,
    store_photo,
)

__all__ = ["fresh"]  # a fixture


# the code


def test_the_code_opens_the_case_however_it_is_written(client: Client, stage: Stage) -> None:
    code = code_of(stage.file().petition)
    for written in (code, tracking_codes.shown(code), code.lower(), f" {code[:6]} {code[6:]} "):
        assert enter_code(Client(), written)["Location"] == "/track/case/"


def test_without_a_telephone_the_code_alone_opens(client: Client, stage: Stage) -> None:
    petition = stage.file(contact=contacts.ContactDetails()).petition
    assert enter_code(client, code_of(petition), "").status_code == 302
    assert enter_code(Client(), code_of(petition), "9999").status_code == 302
    named = stage.file(contact=contacts.ContactDetails(name="示例居民")).petition
    assert enter_code(Client(), code_of(named), "").status_code == 302


@pytest.mark.parametrize("digits", ["", "9999"])
def test_with_a_telephone_the_code_alone_does_not(
    client: Client, stage: Stage, digits: str
) -> None:
    page = enter_code(client, code_of(stage.file().petition), digits)
    assert page.status_code == 200
    assert WRONG in page.content.decode()
    assert client.get("/track/case/")["Location"] == "/track/"


def _shown(page: Any, typed: str) -> str:
    body = page.content.decode().replace(typed, "")
    return re.sub(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"', "", body)


def test_a_wrong_code_and_wrong_digits_get_the_same_answer_and_the_same_work(
    client: Client, stage: Stage
) -> None:
    code = code_of(stage.file().petition)
    anonymous = code_of(stage.file(contact=contacts.ContactDetails()).petition)
    assert anonymous != code
    client.get("/track/")
    answers, works = [], []
    for typed, digits in ((code, "9999"), ("0" * 12, "9999")):
        with CaptureQueriesContext(connection) as asked:
            page = enter_code(client, typed, digits)
        answers.append(_shown(page, typed))
        works.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in asked])
        assert page.status_code == 200
    assert answers[0] == answers[1]
    assert works[0] == works[1]


@pytest.mark.parametrize(
    "code", ["", "abc", "!" * 12, "一二三四五六七八九十甲乙", "A" * 41, "\x00" * 12]
)
def test_what_cannot_be_a_code_is_said_at_the_field_and_not_counted(
    client: Client, stage: Stage, code: str
) -> None:
    page = enter_code(client, code)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert not RateLimitCounter.objects.exists()


def test_six_wrong_tries_are_too_many_for_an_address_and_a_right_one_never_is(
    client: Client, stage: Stage
) -> None:
    code = code_of(stage.file().petition)
    with time_machine.travel(dt.datetime(2026, 6, 1, 10, 1, tzinfo=dt.UTC), tick=False):
        for number in range(5):
            assert enter_code(client, code, f"000{number}").status_code == 200
        closed = enter_code(client, code, "0005")
        assert closed.status_code == 429
        assert closed["Retry-After"] == str(14 * 60)
        for forged in FORGED:
            assert enter_code(client, code, "0006", **forged).status_code == 429
        assert enter_code(Client(REMOTE_ADDR="192.0.2.50"), "0" * 12).status_code == 200
        assert enter_code(client, code).status_code == 302  # a neighbour's wrong tries harm nobody


FORGED: list[dict[str, str]] = [
    {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
    {"HTTP_FORWARDED": "for=203.0.113.9"},
    {"HTTP_X_REAL_IP": "203.0.113.9"},
]


def test_ten_wrong_digits_close_a_code_for_the_day_wherever_they_come_from(
    client: Client, stage: Stage
) -> None:
    first, second = (code_of(stage.file().petition) for _i in range(2))
    with time_machine.travel(dt.datetime(2026, 6, 1, 10, 1, tzinfo=dt.UTC), tick=False):
        for number in range(9):
            assert enter_code(_from(number), first, f"000{number}").status_code == 200
        assert enter_code(_from(90), first).status_code == 302  # what is right is not counted
        enter_code(_from(91), first, "0009")
        right, wrong = enter_code(_from(92), first), enter_code(_from(93), first, "9999")
        assert _shown(right, first).replace("1234", "9999") == _shown(wrong, first)
        assert WRONG in right.content.decode()
        assert enter_code(_from(94), second).status_code == 302
    with time_machine.travel(dt.datetime(2026, 6, 2, 0, 1, tzinfo=dt.UTC), tick=False):
        assert enter_code(_from(95), first).status_code == 302


def _from(number: int) -> Client:
    return Client(REMOTE_ADDR=f"192.0.2.{number}")


def test_a_code_that_needs_no_digits_is_never_closed(client: Client, stage: Stage) -> None:
    code = code_of(stage.file(contact=contacts.ContactDetails()).petition)
    for number in range(12):
        assert enter_code(_from(number), code, "9999").status_code == 302


def test_right_tries_are_not_counted(client: Client, stage: Stage) -> None:
    code = code_of(stage.file().petition)
    for _i in range(12):
        assert enter_code(client, code).status_code == 302
    assert set(RateLimitCounter.objects.values_list("count", flat=True)) == {0}


def test_guessed_codes_fill_no_table(client: Client, stage: Stage) -> None:
    for number in range(3):
        enter_code(client, f"{number:012}")
    few = set(RateLimitCounter.objects.values_list("bucket", flat=True))
    every = {f"nothing:{tracking_codes.bucket(f'{number:03x}')}" for number in range(16**3)}
    assert len(few - every) == 1  # that of the address


def test_the_code_stands_in_no_address(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    page = open_case(client, petition)
    for address in re.findall(r'(?:href|src|action)="([^"]*)"', page):
        assert code_of(petition) not in address
    assert client.get("/track/case/")["Cache-Control"].count("no-store") == 1


def test_the_case_closes_after_half_an_hour_and_by_hand(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    open_case(client, petition)
    assert client.get("/track/case/").status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        assert client.get("/track/case/")["Location"] == "/track/"
    client.post("/track/leave/")
    assert client.get("/track/case/")["Location"] == "/track/"


# what the page says


def test_the_first_line_is_the_promise(client: Client, stage: Stage) -> None:
    page = open_case(client, stage.file().petition)
    main = page.split("<main")[1]
    assert main.index("第三网格党支部将在") < main.index("<h1>")
    assert "还剩" in main[: main.index("<h1>")]


def test_the_duty_telephone_stands_there_with_its_hours(client: Client, stage: Stage) -> None:
    page = open_case(client, stage.file().petition)
    assert "第三网格党支部，值班电话" in page
    assert re.search('href="tel:0994-?000-?0000"', page)
    assert re.search("办公时间：工作日10:00–14:00、1[56]:[03]0–", page)


def test_without_a_telephone_the_one_above_is_given(client: Client, stage: Stage) -> None:
    orgs, petition = stage.town.orgs, stage.file().petition
    Organisation.objects.filter(pk=orgs["branch"].pk).update(duty_phone="")
    register_cache.forget_version()
    assert "迎宾路社区党委，值班电话" in open_case(client, petition)
    Organisation.objects.update(duty_phone="")
    register_cache.forget_version()
    assert "值班电话" not in client.get("/track/case/").content.decode()


def test_without_registered_office_hours_none_are_claimed(client: Client, stage: Stage) -> None:
    OfficeHours.objects.all().delete()
    register_cache.forget_version()
    page = open_case(client, stage.file().petition)
    assert "值班电话" in page
    assert "办公时间" not in page


@pytest.mark.parametrize("status", STATUSES)
def test_every_state_has_its_page(client: Client, stage: Stage, status: Status) -> None:
    page = open_case(client, stage.at(status))
    assert 'class="promise' in page
    assert 'class="steps__item' in page
    assert "%(" not in page


def test_nothing_internal_and_no_name_of_staff_is_shown(client: Client, stage: Stage) -> None:
    petition, now = stage.at(Status.ACCEPTED), timezone.now()
    by = stage.cast["secretary"]
    handling.note(petition=petition, by=by, now=now, body="内部的话", is_public=False)
    handling.note(petition=petition, by=by, now=now, body="师傅明天来", is_public=True)
    escalation.escalate(petition=petition, by=by, now=now, reason="没有钱修")
    handling.dispatch(
        petition=petition, by=by, now=now, group=stage.town.orgs["group"], instruction="先敲301"
    )
    page = open_case(client, petition)
    assert "师傅明天来" in page
    assert "已交给46号楼党小组办理" in page
    assert "已请迎宾路社区党委协助" in page
    for secret in ("内部的话", "先敲301", "没有钱修", "示例secretary", "secretary", "送 第三"):
        assert secret not in page


def test_the_newest_step_comes_first(client: Client, stage: Stage) -> None:
    page = open_case(client, stage.at(Status.IN_PROGRESS))
    order = [page.index(word) for word in ("开始处置", "已受理<", "已收到，交给")]
    assert order == sorted(order)


def test_the_answer_shows_its_photos_and_no_internal_ones(client: Client, stage: Stage) -> None:
    petition, by, now = stage.at(Status.IN_PROGRESS), stage.cast["secretary"], timezone.now()
    handling.photo(petition=petition, by=by, now=now, photos=[store_photo("red")])
    resolution.resolve(
        petition=petition,
        by=by,
        now=now,
        outcome=Outcome.RESOLVED,
        cause="老旧铁管",
        public_answer="已更换铁管。",
        photos=[store_photo("blue")],
    )
    page = open_case(client, petition)
    assert "已更换铁管。" in page
    assert "老旧铁管" in page
    internal, public = petition.photos.order_by("is_public")
    assert not internal.is_public
    assert f"/track/photos/{public.uuid}/" in page
    assert str(internal.uuid) not in page
    assert client.get(f"/track/photos/{public.uuid}/")["Content-Type"] == "image/jpeg"
    assert client.get(f"/track/photos/{public.uuid}/thumb/").status_code == 200
    assert client.get(f"/track/photos/{internal.uuid}/").status_code == 404
    assert Client().get(f"/track/photos/{public.uuid}/").status_code == 404
    other = Client()
    open_case(other, stage.file().petition)
    assert other.get(f"/track/photos/{public.uuid}/").status_code == 404


# the contact


def test_who_opened_the_contact_and_why_is_shown(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    assert "还没有人打开过" in open_case(client, petition)
    contact.reveal(
        petition=petition, by=stage.cast["secretary"], now=timezone.now(), reason="约上门时间"
    )
    page = client.get("/track/case/").content.decode()
    assert "第三网格党支部打开过，理由：<bdi>约上门时间</bdi>" in page
    assert "示例secretary" not in page


def test_the_contact_is_shown_masked(client: Client, stage: Stage) -> None:
    page = open_case(client, stage.file().petition)
    assert "***1234" in page
    assert "19000001234" not in page
    assert "示例居民" not in page


def test_the_contact_can_be_corrected_and_deleted(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    open_case(client, petition)
    wrong = post_form(client, "/track/contact/", {"phone": "12"})
    assert wrong.status_code == 400
    assert 'value="12"' in wrong.content.decode()
    assert post_form(client, "/track/contact/", {"phone": "190 0000 5678"}).status_code == 302
    assert enter_code(Client(), code_of(petition), "1234").status_code == 200
    assert enter_code(Client(), code_of(petition), "5678").status_code == 302
    assert post_form(client, "/track/contact/", {"delete": "1"}).status_code == 302
    assert not hasattr(Petition.objects.get(), "contact")
    assert "您没有留联系方式" in client.get("/track/case/").content.decode()


# whoever joined


def _joined(stage: Stage, petition: Petition) -> Client:
    client = Client()
    client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")
    page = client.get("/report/receipt/").content.decode()
    code = re.findall(r'data-copy="(\w{12})"', page)[-1]
    other = Client()
    assert enter_code(other, code, "")["Location"] == "/track/case/"
    return other


def test_a_joiner_sees_steps_and_answer_and_nothing_of_the_petitioner(stage: Stage) -> None:
    petition = stage.file(photos=[store_photo()]).petition
    joined = _joined(stage, petition)
    by, now = stage.cast["secretary"], timezone.now()
    handling.accept(petition=petition, by=by, now=now)
    contact.reveal(petition=petition, by=by, now=now, reason="约上门时间")
    resolution.resolve(
        petition=petition,
        by=by,
        now=now,
        outcome=Outcome.RESOLVED,
        cause="老旧铁管",
        public_answer="已更换铁管。",
    )
    resolution.dispute(
        petition=petition, by=stage.petitioner(petition), now=now, reason="我家301还是浑"
    )
    page = joined.get("/track/case/").content.decode()
    assert "已受理" in page
    assert "已更换铁管。" in page
    own = petition.photos.get()
    for secret in ("301", "约上门时间", "***1234", petition.number, petition.text, str(own.uuid)):
        assert secret not in page
    assert joined.get(f"/track/photos/{own.uuid}/").status_code == 404


@pytest.mark.parametrize("verb", ["confirm", "dispute", "rate", "reopen", "withdraw", "contact"])
def test_a_joiner_decides_nothing(stage: Stage, verb: str) -> None:
    petition = stage.file().petition
    joined = _joined(stage, petition)
    by, now = stage.cast["secretary"], timezone.now()
    handling.accept(petition=petition, by=by, now=now)
    assert send_feedback(joined, verb, petition, rating="5", phone="19000009999").status_code == 302
    petition.refresh_from_db()
    assert (petition.status, petition.version) == (Status.ACCEPTED, 2)
    assert petition.contact.last4_hash == tracking_codes.last4_hash(petition.uuid, "1234")


# hidden matters belong to their petitioner


def test_a_case_about_an_organisation_is_open_to_whoever_filed_it(
    client: Client, stage: Stage
) -> None:
    about = stage.file(about=stage.town.orgs["branch"]).petition
    assert "迎宾路社区党委" in open_case(client, about)
    sealed = stage.file(category=Category.objects.get(code="GV04")).petition
    assert "阜康市委社会工作部" in open_case(Client(), sealed)


# costs


def test_the_case_costs_the_same_after_many_steps(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    open_case(client, petition)
    with CaptureQueriesContext(connection) as few:
        client.get("/track/case/")
    for _i in range(12):
        handling.note(
            petition=petition,
            by=stage.cast["secretary"],
            now=timezone.now(),
            body="进展",
            is_public=True,
        )
    with CaptureQueriesContext(connection) as many:
        client.get("/track/case/")
    assert len(few) == len(many) <= 12
