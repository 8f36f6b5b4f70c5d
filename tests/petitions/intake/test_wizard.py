"""Filing a report by the public pages, from the first question to the receipt."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from config.lib import register_cache
from petitions.enums import Channel, Status
from petitions.intake import drafts
from petitions.models import Category, Petition
from petitions.rules import contacts, photos
from tests.support.report_client import PHONE, TEXT, Resident, fresh, photo_file, resident

__all__ = ["fresh", "resident"]  # fixtures


# from first to last


def test_a_report_is_filed_with_everything_that_was_said(resident: Resident) -> None:
    assert resident.choose_place()["Location"] == "/report/what/"
    assert resident.choose_category()["Location"] == "/report/tell/"
    assert (
        resident.write_report(photos=[photo_file(), photo_file("二.jpg", "blue")])["Location"]
        == "/report/reach/"
    )
    after = resident.enter_contact(phone=PHONE, name="示例居民", is_confidential="on")
    assert after["Location"] == "/report/check/"
    page = resident.client.get("/report/check/")
    for shown in (
        TEXT,
        "今天早上",
        "阜兴花苑46号楼",
        "水质浑浊/异味",
        "190 0000 1234",
        "第三网格党支部",
    ):
        assert shown in page.content.decode()
    assert resident.submit(page)["Location"] == "/report/receipt/"
    petition = Petition.objects.get()
    assert (petition.text, petition.since, petition.channel) == (TEXT, "今天早上", Channel.WEB)
    assert (petition.status, petition.notice_version) == (Status.SUBMITTED, "2026-01")
    assert petition.organisation == resident.stage.town.orgs["branch"]
    reach = contacts.decrypt(petition.uuid, bytes(petition.contact.cipher), petition.contact.key_id)
    assert (reach.phone, reach.name) == ("19000001234", "示例居民")
    assert petition.contact.is_confidential
    assert petition.photos.count() == 2
    for stored in petition.photos.all():
        with Image.open(photos.path_of(stored.name)) as image:
            assert dict(image.getexif()) == {}


def test_from_the_qr_link_the_place_is_known_and_the_way_is_kept(resident: Resident) -> None:
    resident.client.post("/q/qrcodeb46/")
    resident.choose_category()
    resident.write_report()
    resident.enter_contact()
    resident.submit(resident.client.get("/report/check/"))
    petition = Petition.objects.get()
    assert (petition.place, petition.channel) == (resident.stage.town.building, Channel.QR)
    assert not hasattr(petition, "contact")


def test_who_gets_it_why_and_by_when_stand_on_the_check_page(resident: Resident) -> None:
    page = resident.open_check_page(phone=PHONE).content.decode()
    assert "送 第三网格党支部：阜兴花苑46号楼 → 第七网格" in page
    assert re.search(
        "第三网格党支部将在[^<]*前受理并告诉您下一步。 <[^>]*>还剩 [^<]*（全天计时）", page
    )
    assert re.search(
        "第三网格党支部将在[^<]*前告诉您处理结果。 <[^>]*>还剩 [^<]*（全天计时）", page
    )
    assert "版本 2026-01" in page


@pytest.mark.parametrize("contact", [{}, {"phone": PHONE, "is_confidential": "on"}])
def test_a_resident_who_cannot_be_called_is_told_to_look(
    resident: Resident, contact: dict[str, str]
) -> None:
    page = resident.open_check_page(**contact).content.decode()
    assert "前受理，受理后查询页上能看到。" in page
    assert "告诉您" not in page.split("您写的内容")[0]


# where


@pytest.mark.parametrize("has_script", [True, False])
def test_the_door_typed_behind_the_building_begins_the_text(
    resident: Resident, *, has_script: bool
) -> None:
    place = resident.stage.town.building
    if has_script:
        typed = {"q": f"{place.full_name} 3单元501", "place": place.pk}
    else:
        page = resident.client.get("/report/", {"q": "阜兴花苑46栋3单元501"})
        assert [line["id"] for line in page.context["picker"].results] == [place.pk]
        assert 'name="rest" value="3单元501"' in page.content.decode()
        typed = {"place": place.pk, "rest": "3单元501"}
    assert resident.client.post("/report/", typed)["Location"] == "/report/what/"
    resident.choose_category()
    form = resident.client.get("/report/tell/").context["form"]
    assert form["text"].value() == "3单元501"


def test_a_similar_name_is_offered_as_such(resident: Resident) -> None:
    page = resident.client.get("/report/", {"q": "阜兴花园46"})
    assert "没有叫“阜兴花园46”的地方，名称相近的有" in page.content.decode()
    assert [line["id"] for line in page.context["picker"].results] == [
        resident.stage.town.building.pk
    ]


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
        for number in ("tel:0994-000-0119", "tel:110", "tel:119", "tel:120"):
            assert number in page
        panel = page[page.index('class="emergency"') :]
        panel = panel[: panel.index("</section>")]
        assert "tel:122" not in panel  # takes reports of traffic accidents only


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


@pytest.mark.parametrize("typed", ["The water is cloudy!", "CLOUDY", "smelly waters"])
def test_english_words_find_the_category_too(resident: Resident, typed: str) -> None:
    Category.objects.filter(code="WS01").update(name_en="Cloudy or smelly water")
    register_cache.forget_version()
    resident.choose_place()
    answer = resident.client.post("/report/what/", {"typed": typed})
    page = resident.client.get(answer["Location"]).content.decode()
    assert f'value="{Category.objects.get(code="WS01").pk}"' in page


def test_words_nobody_knows_say_so(resident: Resident) -> None:
    resident.choose_place()
    answer = resident.client.post("/report/what/", {"typed": "ㄅㄆㄇ"})
    assert "没有对上的类别" in resident.client.get(answer["Location"]).content.decode()


# tell


def test_an_empty_text_is_refused_at_the_field_and_nothing_is_lost(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.write_report(text=" ", since="昨天", photos=[photo_file()])
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
    page = resident.write_report(photos=[photo_file(), bad])
    body = page.content.decode()
    assert page.status_code == 200
    assert "毒.jpg：这个文件不是可用的照片" in body
    assert "已加上的1张还在" in body
    assert TEXT in body
    assert TEXT in resident.client.get("/report/tell/").content.decode()


def test_no_more_than_six_photos(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    colours = ("red", "green", "blue", "white", "black", "brown", "grey")
    page = resident.write_report(
        photos=[photo_file(colour=one) for one in colours]
    ).content.decode()
    assert "最多6张照片" in page
    assert page.count("/report/photos/") == 6
    assert 'type="file"' not in page


def test_page_sent_again_after_a_lost_answer_adds_no_photo_twice(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    for _time in range(2):
        resident.write_report(photos=[photo_file(), photo_file(colour="blue")])
    assert len(resident.client.session["report"]["photos"]) == 2


def test_photos_are_shown_to_this_browser_only_and_can_be_taken_away(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.write_report(photos=[photo_file()])
    token = re.findall(
        r"/report/photos/(\w+)/", resident.client.get("/report/tell/").content.decode()
    )[0]
    picture = resident.client.get(f"/report/photos/{token}/")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert b"somebody" not in picture.content
    assert Client().get(f"/report/photos/{token}/").status_code == 404
    assert (
        resident.write_report(remove=token, text="改过的话")["Location"] == "/report/tell/#photos"
    )
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
    resident.write_report(about=str(branch.pk))
    resident.enter_contact()
    page = resident.client.get("/report/check/")
    assert "它看不到这件事" in page.content.decode()
    resident.submit(page)
    petition = Petition.objects.get()
    assert petition.organisation == resident.stage.town.orgs["yingbin"]
    assert not Petition.objects.visible_to(resident.stage.cast["secretary"]).exists()


def test_an_organisation_of_another_place_cannot_be_named(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.write_report(about=str(resident.stage.town.orgs["other"].pk))
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()


def test_a_box_only_programs_see_must_stay_empty(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    assert resident.write_report(website="https://example.org").status_code == 200
    assert drafts.load(resident.client.session).text == ""


# reach


@pytest.mark.parametrize("phone", ["12", "abc", "+", "1" * 20, "190-0000-12x4"])
def test_what_cannot_be_a_telephone_number_is_refused_and_kept(
    resident: Resident, phone: str
) -> None:
    resident.choose_place()
    resident.choose_category()
    resident.write_report()
    page = resident.enter_contact(phone=phone, name="示例居民")
    assert page.status_code == 200
    assert f'value="{phone}"' in page.content.decode()
    assert "示例居民" in page.content.decode()
    assert not drafts.load(resident.client.session).has_contact_answer


def test_the_contact_is_sealed_in_the_session_and_gone_after_sending(resident: Resident) -> None:
    page = resident.open_check_page(phone=PHONE, name="示例居民")
    for row in Session.objects.all():
        kept = str(row.get_decoded())
        assert "19000001234" not in kept
        assert "示例居民" not in kept
    assert drafts.SESSION_KEY in resident.client.session
    resident.submit(page)
    assert drafts.SESSION_KEY not in resident.client.session


# nothing is lost, nothing is doubled


def test_every_page_opens_again_with_what_was_given(resident: Resident) -> None:
    resident.open_check_page(phone=PHONE, name="示例居民")
    assert "已选" in resident.client.get("/report/").content.decode()
    assert 'aria-current="true"' in resident.client.get("/report/what/?kind=WS").content.decode()
    assert TEXT in resident.client.get("/report/tell/").content.decode()
    assert "19000001234" in resident.client.get("/report/reach/").content.decode()


def test_a_change_leads_straight_back_to_the_check_page(resident: Resident) -> None:
    resident.open_check_page()
    assert resident.write_report(text="改过的话")["Location"] == "/report/check/"
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
    assert resident.write_report(text="写了很久的话")["Location"] == "/report/"
    assert "已保留" in resident.client.get("/report/").content.decode()
    resident.choose_place()
    resident.choose_category()
    assert "写了很久的话" in resident.client.get("/report/tell/").content.decode()


def test_the_text_field_is_kept_in_the_browser_and_the_telephone_is_not(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    assert 'data-draft="report"' in resident.client.get("/report/tell/").content.decode()
    resident.write_report()
    page = resident.client.get("/report/reach/").content.decode()
    assert "data-draft=" not in page.split("<main")[1].split("</main>")[0]
    assert "data-private" in page


def test_no_page_with_typed_text_is_stored_by_the_browser(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    for path in ("/report/", "/report/what/", "/report/tell/"):
        page = resident.client.get(path)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
