"""Filing a report by the public pages, from the first question to the receipt."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from petitions import catalogue, contacts, drafts, photos, tracking
from petitions.enums import Channel, Status
from petitions.models import Category, GuessCount, IdempotencyKey, MeToo, Petition
from tests.cast import Stage

TEXT = "自来水发浑，放一会儿还是黄的。"
PHONE = "190 0000 1234"


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    catalogue.forget()


def photo(name: str = "楼道.jpg", colour: str = "brown") -> SimpleUploadedFile:
    out = io.BytesIO()
    image = Image.new("RGB", (640, 480), colour)
    exif = Image.Exif()
    exif[0x010E] = "somebody's flat"
    image.save(out, "JPEG", exif=exif)
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def hidden(page: HttpResponse) -> dict[str, str]:
    found = re.findall(r'name="(key|seen|notice)" value="([^"]*)"', page.content.decode())
    return dict(found)


class Resident:
    """Somebody with a phone, going through the pages one after the other."""

    def __init__(self, client: Client, stage: Stage) -> None:
        self.client, self.stage = client, stage

    def choose_place(self, key: str = "b46") -> Any:
        return self.client.post("/report/", {"place": self.stage.town.areas[key].pk})

    def choose_category(self, code: str = "WS01") -> Any:
        return self.client.post("/report/what/", {"category": Category.objects.get(code=code).pk})

    def tell(self, **given: Any) -> Any:
        return self.client.post("/report/tell/", {"text": TEXT, "since": "今天早上"} | given)

    def reach(self, **given: Any) -> Any:
        return self.client.post("/report/reach/", given or {"anonymous": "1"})

    def to_check(self, code: str = "WS01", **contact: Any) -> Any:
        self.choose_place()
        self.choose_category(code)
        self.tell()
        self.reach(**contact)
        return self.client.get("/report/check/")

    def send(self, page: HttpResponse, **changed: str) -> Any:
        return self.client.post("/report/check/", hidden(page) | changed)


@pytest.fixture
def resident(client: Client, stage: Stage) -> Resident:
    return Resident(client, stage)


# from first to last


def test_a_report_is_filed_with_everything_that_was_said(resident: Resident) -> None:
    assert resident.choose_place()["Location"] == "/report/what/"
    assert resident.choose_category()["Location"] == "/report/tell/"
    assert resident.tell(photos=[photo(), photo("二.jpg")])["Location"] == "/report/reach/"
    after = resident.reach(phone=PHONE, name="示例居民", is_confidential="on")
    assert after["Location"] == "/report/check/"
    page = resident.client.get("/report/check/")
    for shown in (
        TEXT,
        "今天早上",
        "阜兴花苑46号楼",
        "水质浑浊/异味",
        "19000001234",
        "第三网格党支部",
    ):
        assert shown in page.content.decode()
    assert resident.send(page)["Location"] == "/report/receipt/"
    petition = Petition.objects.get()
    assert (petition.text, petition.since, petition.channel) == (TEXT, "今天早上", Channel.WEB)
    assert (petition.status, petition.notice_version) == (Status.SUBMITTED, "2026-01")
    assert petition.organisation == resident.stage.town.orgs["branch"]
    reach = contacts.unseal(petition.uuid, bytes(petition.contact.cipher), petition.contact.key_id)
    assert (reach.phone, reach.name) == ("19000001234", "示例居民")
    assert petition.contact.is_confidential
    assert petition.photos.count() == 2
    for stored in petition.photos.all():
        with Image.open(photos.path_of(stored.name)) as image:
            assert dict(image.getexif()) == {}


def test_from_the_qr_link_the_place_is_known_and_the_way_is_kept(resident: Resident) -> None:
    resident.client.post("/q/qrcodeb46/")
    resident.choose_category()
    resident.tell()
    resident.reach()
    resident.send(resident.client.get("/report/check/"))
    petition = Petition.objects.get()
    assert (petition.place, petition.channel) == (resident.stage.town.building, Channel.QR)
    assert not hasattr(petition, "contact")


def test_who_gets_it_why_and_by_when_stand_on_the_check_page(resident: Resident) -> None:
    page = resident.to_check().content.decode()
    assert "送 第三网格党支部：阜兴花苑46号楼 → 第七网格" in page
    assert "前受理并告诉您下一步（还剩" in page
    assert "前给出结果（还剩" in page
    assert "版本 2026-01" in page


# where


def test_a_typed_place_that_was_not_chosen_is_looked_up(resident: Resident) -> None:
    answer = resident.client.post("/report/", {"q": "fxhy46", "place": ""})
    assert answer["Location"] == "/report/?q=fxhy46"
    found = resident.client.get(answer["Location"]).content.decode()
    assert f'name="place" value="{resident.stage.town.building.pk}"' in found


@pytest.mark.parametrize("place", ["", "0", "-1", "abc", "9" * 40])
def test_a_place_that_does_not_exist_is_not_chosen(resident: Resident, place: str) -> None:
    assert resident.client.post("/report/", {"place": place})["Location"].startswith("/report/?q=")
    assert resident.client.get("/report/what/")["Location"] == "/report/"


def test_a_subdistrict_cannot_be_chosen(resident: Resident) -> None:
    assert resident.choose_place("fuxin")["Location"].startswith("/report/?")


def test_places_are_suggested_while_typing(resident: Resident) -> None:
    found = resident.client.get("/report/places/", {"q": "46号楼"}).json()["results"]
    assert [one["label"] for one in found] == ["阜兴花苑46号楼"]
    assert resident.client.get("/report/places/", {"q": "4"}).json() == {"results": []}


# what


def test_an_emergency_shows_whom_to_call_already_on_the_second_page(resident: Resident) -> None:
    Category.objects.filter(code="GS01").update(keywords="煤气味 漏气")
    resident.choose_place()
    assert 'class="emergency"' not in resident.client.get("/report/what/?kind=WS").content.decode()
    pages = [resident.client.get("/report/what/?kind=GS").content.decode()]
    resident.client.post("/report/what/", {"typed": "楼道里有煤气味"})
    pages.append(resident.client.get("/report/what/?typed=1").content.decode())
    resident.choose_category("GS01")
    pages.append(resident.client.get("/report/tell/").content.decode())
    for page in pages:
        assert 'class="emergency"' in page
        for number in ("tel:0994-000-0119", "tel:110", "tel:119", "tel:120", "tel:122"):
            assert number in page


def test_own_words_find_the_category_and_become_the_first_text(resident: Resident) -> None:
    Category.objects.filter(code="WS01").update(keywords="浑 黄水")
    resident.choose_place()
    answer = resident.client.post("/report/what/", {"typed": "厨房水很浑"})
    assert "厨房" not in answer["Location"]  # nothing personal in an address
    page = resident.client.get(answer["Location"]).content.decode()
    assert f'value="{Category.objects.get(code="WS01").pk}"' in page
    assert "水表与水费" not in page
    resident.choose_category()
    assert "厨房水很浑</textarea>" in resident.client.get("/report/tell/").content.decode()


def test_words_nobody_knows_say_so(resident: Resident) -> None:
    resident.choose_place()
    answer = resident.client.post("/report/what/", {"typed": "ㄅㄆㄇ"})
    assert "没有对上的类别" in resident.client.get(answer["Location"]).content.decode()


# tell


def test_an_empty_text_is_refused_at_the_field_and_nothing_is_lost(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.tell(text=" ", since="昨天", photos=[photo()])
    body = page.content.decode()
    assert page.status_code == 200
    assert body.count("请写几句发生了什么事。") == 2  # summary and field
    assert 'value="昨天"' in body
    assert body.count("/report/photos/") == 1
    assert "<title>错误：" in body


def test_a_refused_photo_says_why_and_keeps_the_others(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    bad = SimpleUploadedFile("毒.jpg", b"<script>alert(1)</script>", "image/jpeg")
    page = resident.tell(photos=[photo(), bad])
    body = page.content.decode()
    assert page.status_code == 200
    assert "毒.jpg：这个文件不是可用的照片" in body
    assert "已加上的1张还在" in body
    assert TEXT in body
    assert TEXT in resident.client.get("/report/tell/").content.decode()


def test_no_more_than_six_photos(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.tell(photos=[photo() for _i in range(7)]).content.decode()
    assert "最多6张照片" in page
    assert page.count("/report/photos/") == 6
    assert 'type="file"' not in page


def test_photos_are_shown_to_this_browser_only_and_can_be_taken_away(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.tell(photos=[photo()])
    token = re.findall(
        r"/report/photos/(\w+)/", resident.client.get("/report/tell/").content.decode()
    )[0]
    picture = resident.client.get(f"/report/photos/{token}/")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert b"somebody" not in picture.content
    assert Client().get(f"/report/photos/{token}/").status_code == 404
    assert resident.tell(remove=token, text="改过的话")["Location"] == "/report/tell/#photos"
    page = resident.client.get("/report/tell/").content.decode()
    assert "/report/photos/" not in page
    assert "改过的话" in page
    assert resident.client.get(f"/report/photos/{token}/").status_code == 404


def test_a_matter_about_the_branch_goes_one_level_up_and_is_hidden_from_it(
    resident: Resident,
) -> None:
    resident.choose_place()
    resident.choose_category()
    branch = resident.stage.town.orgs["branch"]
    assert branch.name in resident.client.get("/report/tell/").content.decode()
    resident.tell(about=str(branch.pk))
    resident.reach()
    page = resident.client.get("/report/check/")
    assert "它看不到这件事" in page.content.decode()
    resident.send(page)
    petition = Petition.objects.get()
    assert petition.organisation == resident.stage.town.orgs["yingbin"]
    assert not Petition.objects.visible_to(resident.stage.cast["secretary"]).exists()


def test_an_organisation_of_another_place_cannot_be_named(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.tell(about=str(resident.stage.town.orgs["other"].pk))
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()


def test_a_box_only_programs_see_must_stay_empty(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    assert resident.tell(website="https://example.org").status_code == 200
    assert drafts.load(resident.client.session).text == ""


# reach


@pytest.mark.parametrize("phone", ["12", "abc", "+", "1" * 20, "190-0000-12x4"])
def test_what_cannot_be_a_telephone_number_is_refused_and_kept(
    resident: Resident, phone: str
) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.tell()
    page = resident.reach(phone=phone, name="示例居民")
    assert page.status_code == 200
    assert f'value="{phone}"' in page.content.decode()
    assert "示例居民" in page.content.decode()
    assert not drafts.load(resident.client.session).has_reach


def test_the_contact_is_sealed_in_the_session_and_gone_after_sending(resident: Resident) -> None:
    page = resident.to_check(phone=PHONE, name="示例居民")
    for row in Session.objects.all():
        kept = str(row.get_decoded())
        assert "19000001234" not in kept
        assert "示例居民" not in kept
    assert drafts.NAME in resident.client.session
    resident.send(page)
    assert drafts.NAME not in resident.client.session


# nothing is lost, nothing is doubled


def test_every_page_opens_again_with_what_was_given(resident: Resident) -> None:
    resident.to_check(phone=PHONE, name="示例居民")
    assert "已选" in resident.client.get("/report/").content.decode()
    assert 'aria-current="true"' in resident.client.get("/report/what/?kind=WS").content.decode()
    assert TEXT in resident.client.get("/report/tell/").content.decode()
    assert "19000001234" in resident.client.get("/report/reach/").content.decode()


def test_a_change_leads_straight_back_to_the_check_page(resident: Resident) -> None:
    resident.to_check()
    assert resident.tell(text="改过的话")["Location"] == "/report/check/"
    assert resident.choose_category("WS05")["Location"] == "/report/check/"
    page = resident.client.get("/report/check/").content.decode()
    assert "改过的话" in page
    assert "水表与水费" in page


@pytest.mark.parametrize(
    ("path", "first"),
    [("what", "/report/"), ("tell", "/report/"), ("reach", "/report/"), ("check", "/report/")],
)
def test_a_page_too_early_leads_to_the_first_open_one(
    resident: Resident, path: str, first: str
) -> None:
    assert resident.client.get(f"/report/{path}/")["Location"] == first


def test_words_sent_after_the_session_ended_are_kept(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.client.cookies.clear()
    assert resident.tell(text="写了很久的话")["Location"] == "/report/"
    assert "已保留" in resident.client.get("/report/").content.decode()
    resident.choose_place()
    resident.choose_category()
    assert "写了很久的话" in resident.client.get("/report/tell/").content.decode()


def test_the_text_field_is_kept_in_the_browser_and_the_telephone_is_not(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    assert 'data-draft="report"' in resident.client.get("/report/tell/").content.decode()
    resident.tell()
    page = resident.client.get("/report/reach/").content.decode()
    assert "data-draft=" not in page.split("<main")[1].split("</main>")[0]
    assert "data-private" in page


def test_sending_twice_makes_one_case_with_the_same_receipt(resident: Resident) -> None:
    page = resident.to_check()
    assert resident.send(page)["Location"] == "/report/receipt/"
    first = resident.client.get("/report/receipt/").content
    assert resident.send(page)["Location"] == "/report/receipt/"
    assert _without_tokens(resident.client.get("/report/receipt/").content) == _without_tokens(
        first
    )
    assert Petition.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_make_one_case(resident: Resident) -> None:
    page = resident.to_check()
    session = resident.client.cookies["sessionid"].value

    def press(_number: int) -> str:
        client = Client()
        client.cookies["sessionid"] = session
        try:
            return str(client.post("/report/check/", hidden(page))["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {"/report/receipt/"}
    assert Petition.objects.count() == 1


def _without_tokens(page: bytes) -> bytes:
    page = re.sub(rb'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"', b"", page)
    return re.sub("还剩[^<]*".encode(), b"", page)


def test_an_answer_lost_on_the_way_leads_to_the_same_case(resident: Resident) -> None:
    page = resident.to_check()
    kept = resident.client.session[drafts.NAME]
    resident.send(page)
    session = resident.client.session
    session[drafts.NAME] = kept  # as if the first answer never arrived
    del session["receipt"]
    session.save()
    assert resident.send(page)["Location"] == "/report/receipt/"
    assert Petition.objects.count() == 1


def test_changed_words_under_a_used_key_are_refused_in_plain_words(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.tell(photos=[photo()])
    resident.reach(phone=PHONE)
    page = resident.client.get("/report/check/")
    kept = resident.client.session[drafts.NAME]
    resident.send(page)
    session = resident.client.session
    session[drafts.NAME] = kept | {"text": "另外的话"}
    del session["receipt"]
    session.save()
    again = resident.client.get("/report/check/")
    refused = resident.send(again)
    assert refused.status_code == 409
    assert "先前已经收到" in refused.content.decode()
    assert "另外的话" in refused.content.decode()
    assert Petition.objects.get().text == TEXT
    assert resident.client.get("/report/receipt/").status_code == 200
    resident.send(refused)  # looked at again, and sent as another matter
    assert sorted(Petition.objects.values_list("text", flat=True)) == sorted([TEXT, "另外的话"])


def test_what_changed_in_another_window_is_shown_before_it_is_sent(resident: Resident) -> None:
    page = resident.to_check()
    resident.tell(text="另一个窗口里改的")
    refused = resident.send(page)
    assert refused.status_code == 409
    assert "另一个窗口里改的" in refused.content.decode()
    assert Petition.objects.count() == 0
    assert resident.send(refused).status_code == 302


def test_a_new_privacy_notice_is_shown_before_it_is_accepted(resident: Resident) -> None:
    page = resident.to_check()
    refused = resident.send(page, notice="2025-12")
    assert refused.status_code == 409
    assert "隐私告知刚刚更新" in refused.content.decode()
    assert Petition.objects.count() == 0


def test_the_thirty_first_report_of_an_hour_is_refused_and_kept(resident: Resident) -> None:
    resident.send(resident.to_check())
    GuessCount.objects.filter(bucket__startswith="file:").update(count=30)
    page = resident.to_check()
    refused = resident.send(page)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert Petition.objects.count() == 1
    assert TEXT in resident.client.get("/report/check/").content.decode()


# known matters


def test_the_same_matter_is_shown_before_sending_and_can_be_joined(resident: Resident) -> None:
    known = resident.stage.file().petition
    other = resident.stage.file(category=Category.objects.get(code="WS05")).petition
    page = resident.to_check(phone=PHONE).content.decode()
    assert f"/report/me-too/{known.pk}/" in page
    assert f"/report/me-too/{other.pk}/" not in page
    answer = resident.client.post(f"/report/me-too/{known.pk}/")
    assert answer["Location"] == "/report/receipt/"
    assert MeToo.objects.get().petition == known
    assert Petition.objects.count() == 2
    assert drafts.NAME not in resident.client.session


# the receipt


def test_the_receipt_shows_number_and_code_and_only_here(resident: Resident) -> None:
    resident.send(resident.to_check(phone=PHONE))
    page = resident.client.get("/report/receipt/")
    petition = Petition.objects.get()
    code = tracking.code_for(petition.uuid)
    body = page.content.decode()
    assert petition.number in body
    assert tracking.shown(code) in body
    assert f'data-copy="{code}"' in body
    assert "将在" in body
    assert "no-store" in page["Cache-Control"]
    assert "后四位" in body
    assert code not in page.request["PATH_INFO"]
    assert Client().get("/report/receipt/")["Location"] == "/track/"


def test_the_receipt_draws_a_code_without_inline_styles(resident: Resident) -> None:
    resident.send(resident.to_check())
    body = resident.client.get("/report/receipt/").content.decode()
    drawn = body.split('class="slip__qr"')[1].split("</svg>")[0]
    assert "<path" in drawn
    assert "style=" not in body
    assert "码丢了我们也找不回来" in body


def test_the_receipt_tells_the_browser_to_forget_the_draft(resident: Resident) -> None:
    resident.send(resident.to_check())
    page = resident.client.get("/report/receipt/").content.decode()
    assert '<meta name="draft-clear" content="report">' in page


# costs


def test_no_page_asks_the_database_much(resident: Resident) -> None:
    resident.stage.file()
    page = resident.to_check(phone=PHONE)
    for path in ("", "what/", "tell/", "reach/", "check/"):
        with CaptureQueriesContext(connection) as asked:
            resident.client.get(f"/report/{path}")
        assert len(asked) <= 12, path
    resident.send(page)
    with CaptureQueriesContext(connection) as asked:
        resident.client.get("/report/receipt/")
    assert len(asked) <= 12
    assert IdempotencyKey.objects.count() == 1
