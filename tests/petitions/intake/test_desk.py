"""The desk: one screen, filed once, nothing typed lost, number and code only for who filed it."""

import datetime as dt
import io
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from PIL import Image

from config.lib import register_cache
from petitions.enums import Channel, Regime, Status, Urgency
from petitions.intake import desk
from petitions.models import Category, IdempotencyKey, Petition
from petitions.rules import catalogue, contacts, tracking_codes
from petitions.rules.contacts import ContactDetails
from tests.support.cast import Stage
from tests.support.clients import login

DESK = "/petitions/new/"
PREVIEW = "/petitions/new/preview/"


def filled(stage: Stage, **changes: Any) -> dict[str, Any]:
    water = Category.objects.get(code="WS01")
    return {
        "key": str(uuid.uuid4()),
        "where": stage.town.building.full_name,
        "place": stage.town.building.pk,
        "what": water.name,
        "category": water.pk,
        "text": "水是黄的",
        "channel": "desk",
    } | changes


def photo() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(out, "JPEG")
    out.name = "water.jpg"
    out.seek(0)
    return out


def test_filing_leads_to_the_slip(stage: Stage) -> None:
    client = login(stage, "clerk")
    answer = client.post(DESK, filled(stage, since="昨晚", name="示例居民", phone="190-0000-1234"))
    case = Petition.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/petitions/{case.pk}/slip/")
    assert (case.channel, case.filed_by, case.since) == (Channel.DESK, stage.cast["clerk"], "昨晚")
    assert (case.organisation, case.regime) == (stage.town.orgs["branch"], Regime.COMMUNITY)
    assert case.notice_version == "2026-01"
    reach = contacts.decrypt(case.uuid, bytes(case.contact.cipher), case.contact.key_id)
    assert reach.phone == "19000001234"
    page = client.get(answer.url)
    assert "no-store" in page["Cache-Control"]
    body = page.content.decode()
    assert case.number in body
    assert tracking_codes.shown(tracking_codes.code_for(case.uuid)) in body
    assert "1234" not in body


def test_the_slip_is_only_for_who_filed_it_and_only_for_a_while(stage: Stage) -> None:
    client = login(stage, "clerk")
    url = client.post(DESK, filled(stage)).url
    missing = client.get("/petitions/999999/slip/")
    for other in (login(stage, "community"), login(stage, "secretary")):
        assert other.get(url).status_code == 404
    assert missing.status_code == 404
    assert Client().get(url).status_code == 302
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31), tick=False):
        assert login(stage, "clerk").get(url).status_code == 404


def test_a_double_click_files_once(stage: Stage) -> None:
    client, words = login(stage, "clerk"), filled(stage)
    assert client.post(DESK, words).url == client.post(DESK, words).url
    assert Petition.objects.count() == 1


def test_changed_words_under_the_same_key_are_asked_about(stage: Stage) -> None:
    client, words = login(stage, "clerk"), filled(stage)
    client.post(DESK, words)
    again = client.post(DESK, words | {"text": "另外一件事"})
    assert again.status_code == 422
    assert Petition.objects.count() == 1
    form = again.context["form"]
    assert form["text"].value() == "另外一件事"
    key = form["key"].value()
    assert key != words["key"]
    client.post(DESK, words | {"text": "另外一件事", "key": key})
    assert Petition.objects.count() == 2


def test_the_key_keeps_no_phone_that_could_be_guessed(stage: Stage) -> None:
    words = filled(stage, phone="190-0000-1234")
    login(stage, "clerk").post(DESK, words)
    kept = IdempotencyKey.objects.get()
    assert len(kept.request_hash) == 64
    assert "1234" not in str(kept.body)


def test_stored_hashes_of_forms_keep_their_meaning(settings: Any) -> None:
    settings.SECRET_KEY = "secret"
    assert (
        desk._keyed_hash("content")
        == "6b701abaec78c469ca4d0e5f941856fa8d0239ab32be9c55a82ac40a87cb734d"
    )


def test_without_script_initials_lead_to_a_choice(stage: Stage) -> None:
    client = login(stage, "clerk")
    words = filled(stage, where="fxhy46", place="", what="浑", category="")
    page = client.post(DESK, words)
    assert page.status_code == 200
    (offered,) = page.context["place_choices"]
    assert (offered["id"], offered["detail"].count(" · ")) == (stage.town.building.pk, 2)
    assert not Petition.objects.exists()
    picked = words | {"place_choice": stage.town.building.pk}
    for choice in page.context["category_choices"]:
        picked["category_choice"] = choice["id"]
    client.post(DESK, picked)
    assert Petition.objects.get().place == stage.town.building


def test_a_choice_counts_only_for_the_words_it_was_offered_for(stage: Stage) -> None:
    """One candidate was checked; then the box was changed, with or without script."""
    client = login(stage, "clerk")
    other = stage.town.areas["b47"]
    for place in (other.pk, ""):
        words = filled(stage, where=other.full_name, place=place)
        client.post(DESK, words | {"place_choice": stage.town.building.pk})
        assert Petition.objects.latest("pk").place == other
    words = filled(stage, where="fxhy47", place="")
    page = client.post(DESK, words | {"place_choice": stage.town.building.pk})
    assert [offered["id"] for offered in page.context["place_choices"]] == [other.pk]
    assert Petition.objects.count() == 2


def test_a_category_counts_only_for_the_words_it_was_offered_for(stage: Stage) -> None:
    client = login(stage, "clerk")
    stale = filled(stage)["category"]
    other = next(row for row in catalogue.reportable_categories() if row.pk != stale)
    for category in (other.pk, ""):
        words = filled(stage, what=catalogue.full_label(other), category=category)
        client.post(DESK, words | {"category_choice": stale})
        assert Petition.objects.latest("pk").category == other


@pytest.mark.parametrize("phone", ["1390000460", "139 0000 460", "+86 139-0000-4600-1"])
def test_a_mobile_number_has_eleven_digits(stage: Stage, phone: str) -> None:
    page = login(stage, "clerk").post(DESK, filled(stage, phone=phone))
    assert "手机号是11位" in page.context["form"].errors["phone"][0]


@pytest.mark.parametrize("phone", ["139-0000-4600", "+86 13900004600", "0994-5550000", "5550000"])
def test_a_number_that_can_be_dialled_is_taken(stage: Stage, phone: str) -> None:
    assert login(stage, "clerk").post(DESK, filled(stage, phone=phone)).status_code == 302


def test_a_changed_box_forgets_what_was_chosen(stage: Stage) -> None:
    page = login(stage, "clerk").post(DESK, filled(stage, where="阜兴花苑47号楼"))
    assert page.status_code == 302
    assert Petition.objects.get().place == stage.town.areas["b47"]


def test_errors_stand_at_the_field_and_keep_everything(stage: Stage) -> None:
    page = login(stage, "clerk").post(
        DESK, filled(stage, text="", phone="电话是多少", since="三天了", name="示例居民")
    )
    assert page.status_code == 200
    form = page.context["form"]
    assert set(form.errors) == {"text", "phone"}
    assert form["since"].value() == "三天了"
    body = page.content.decode()
    assert 'href="#id_text"' in body
    assert "示例居民" in body
    assert page.context["preview"].route is not None


def test_a_place_out_of_reach_does_not_exist(stage: Stage) -> None:
    away = stage.town.areas["b1"]
    client = login(stage, "clerk")
    for words in (
        {"where": away.full_name, "place": away.pk},
        {"place_choice": away.pk, "where": "zz"},
    ):
        page = client.post(DESK, filled(stage, **words))
        assert page.status_code == 200
        assert "where" in page.context["form"].errors
    assert not Petition.objects.exists()
    assert away.full_name not in client.post(PREVIEW, {"place": away.pk}).content.decode()


def test_a_report_about_the_branch_goes_one_level_up(stage: Stage) -> None:
    branch, community = stage.town.orgs["branch"], stage.town.orgs["yingbin"]
    login(stage, "clerk").post(DESK, filled(stage, about=branch.pk))
    case = Petition.objects.get()
    assert (case.about_organisation, case.organisation) == (branch, community)


def test_a_report_about_somebody_who_does_not_answer_here_is_refused(stage: Stage) -> None:
    page = login(stage, "clerk").post(DESK, filled(stage, about=stage.town.orgs["other"].pk))
    assert page.context["form"].non_field_errors()
    assert not Petition.objects.exists()


def test_a_report_about_ones_own_community_ends_on_the_slip(stage: Stage) -> None:
    client = login(stage, "clerk")
    url = client.post(DESK, filled(stage, about=stage.town.orgs["yingbin"].pk)).url
    assert client.get(url).status_code == 200
    assert client.get(f"/petitions/{Petition.objects.get().pk}/").status_code == 404


def test_hotline_number_sets_its_regime(stage: Stage) -> None:
    login(stage, "clerk").post(DESK, filled(stage, external_number="FK-12345-7"))
    case = Petition.objects.get()
    assert (case.regime, case.external_number) == (Regime.HOTLINE, "FK-12345-7")


def test_photos_are_kept_with_the_case_and_over_an_error(
    stage: Stage, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = login(stage, "clerk")
    page = client.post(DESK, filled(stage, text="", photos=[photo()]))
    kept = [one.token for one in page.context["form"].photo_tokens]
    assert len(kept) == 1
    client.post(DESK, filled(stage, kept=kept))
    assert Petition.objects.get().photos.count() == 1


def test_the_preview_tells_who_why_and_by_when(stage: Stage) -> None:
    stage.file()
    water = Category.objects.get(code="WS01")
    asked = {"place": stage.town.building.pk, "category": water.pk}
    page = login(stage, "clerk").post(PREVIEW, asked)
    preview = page.context["preview"]
    assert preview.route.organisation == stage.town.orgs["branch"]
    assert preview.route.sentence in page.content.decode()
    assert [deadline.label for deadline in preview.deadlines] == ["首次响应", "办结"]
    assert [case.is_same_category for case in preview.similar] == [True]


def test_an_emergency_shows_whom_to_call(stage: Stage) -> None:
    asked = {"place": stage.town.building.pk, "urgency": Urgency.EMERGENCY}
    client = login(stage, "clerk")
    assert "tel:119" in client.post(PREVIEW, asked).content.decode()
    assert "tel:119" not in client.post(PREVIEW, asked | {"urgency": ""}).content.decode()


def test_the_preview_shows_no_case_out_of_reach(stage: Stage) -> None:
    stage.file(about=stage.town.orgs["branch"])
    preview = (
        login(stage, "secretary")
        .post(PREVIEW, {"place": stage.town.building.pk})
        .context["preview"]
    )
    assert preview.similar == ()


@pytest.mark.parametrize(
    "query", ["place=x", "place=-1", "category=999999", "about=1&place=", "urgency=no"]
)
def test_the_preview_stands_nonsense(stage: Stage, query: str) -> None:
    assert login(stage, "clerk").post(PREVIEW, QueryDict(query).dict()).status_code == 200


def test_categories_by_a_word(stage: Stage) -> None:
    client = login(stage, "clerk")
    found = client.get("/petitions/categories/", {"q": "浑"}).json()["results"]
    assert any("浑" in row["label"] for row in found)
    assert client.get("/petitions/categories/", {"q": ""}).json() == {"results": []}
    Category.objects.filter(code="WS01").update(name_en="Cloudy or smelly water")
    register_cache.forget_version()
    for typed in ("Smelly", "our water is cloudy"):
        found = client.get("/petitions/categories/", {"q": typed}).json()["results"]
        assert [row["id"] for row in found] == [Category.objects.get(code="WS01").pk]


@pytest.mark.parametrize("name", ["member", "department", "auditor", "sysadmin", "secadmin"])
def test_only_for_those_who_may_file(stage: Stage, name: str) -> None:
    client = login(stage, name)
    assert client.get(DESK).status_code == 403
    assert client.post(DESK, filled(stage)).status_code == 403


@pytest.mark.parametrize("name", ["clerk", "secretary", "leader", "community", "official", "city"])
def test_everybody_at_a_desk_may_file(stage: Stage, name: str) -> None:
    assert login(stage, name).get(DESK).status_code == 200
    assert login(stage, name).post(DESK, filled(stage)).status_code == 302
    assert Petition.objects.get().status == Status.SUBMITTED


def test_an_expired_session_asks_to_log_in(stage: Stage) -> None:
    assert Client().post(DESK, filled(stage)).status_code == 302
    assert not Petition.objects.exists()


def test_queries(stage: Stage, django_assert_max_num_queries: Any) -> None:
    client = login(stage, "clerk")
    asked = {"place": stage.town.building.pk, "category": Category.objects.get(code="WS01").pk}
    client.post(PREVIEW, asked)
    for _i in range(6):
        stage.file()
    with django_assert_max_num_queries(12):
        client.get(DESK)
    with django_assert_max_num_queries(12):
        client.post(PREVIEW, asked)


@pytest.mark.parametrize("is_picked", [True, False])
def test_the_door_typed_behind_the_building_begins_the_text(
    stage: Stage, *, is_picked: bool
) -> None:
    place = stage.town.building
    typed = {"where": f"{place.full_name} 3单元501"}
    if not is_picked:  # without script: the text, then one of the candidates
        typed = {"where": "阜兴花苑46栋3单元501", "place": "", "place_choice": str(place.pk)}
    client = login(stage, "clerk")
    assert client.post(DESK, filled(stage, **typed)).status_code == 302
    petition = Petition.objects.get()
    assert petition.place_id == place.pk
    assert petition.text == "3单元501，水是黄的"


def test_a_place_with_a_similar_name_is_offered_and_never_chosen(stage: Stage) -> None:
    client = login(stage, "clerk")
    page = client.post(DESK, filled(stage, where="阜兴花园46", place=""))
    assert "请从名称相近的里面选一个" in page.content.decode()
    assert [line["id"] for line in page.context["place_choices"]] == [stage.town.building.pk]
    assert page.context["form"]["where"].value() == "阜兴花园46"
    assert not Petition.objects.exists()


def test_a_text_too_long_with_its_door_is_refused_and_kept(stage: Stage) -> None:
    text = "水" * 1998
    where = f"{stage.town.building.full_name} 3单元501"
    page = login(stage, "clerk").post(DESK, filled(stage, where=where, text=text))
    assert "超过了字数" in page.content.decode()
    assert page.context["form"]["text"].value() == text
    assert page.context["form"]["where"].value() == where
    assert not Petition.objects.exists()


def test_the_slip_quotes_what_the_resident_reads(stage: Stage) -> None:
    petition = stage.file(by="clerk").petition
    page = login(stage, "clerk").get(f"/petitions/{petition.pk}/slip/").content.decode()
    assert re.search("请对居民说：“第三网格党支部将在[^”]*前受理并告诉您下一步。”", page)
    assert "（全天计时）" in page


def test_a_contact_without_telephone_needs_no_digits(stage: Stage) -> None:
    petition = stage.file(by="clerk", contact=ContactDetails(name="示例居民")).petition
    page = login(stage, "clerk").get(f"/petitions/{petition.pk}/slip/").content.decode()
    assert "电话末四位" not in page
