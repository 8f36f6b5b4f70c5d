"""Each page that shows a dangerous category or sentence says first whom to call."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from config.lib import register_cache
from petitions.enums import Channel, Status
from petitions.models import Category, IdempotencyKey, Petition
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import TEXT, Resident, fresh, resident
from tests.support.tracking_client import open_case, send_feedback

__all__ = ["fresh", "resident"]  # fixtures

FIRE = "家里着火了"
NO_CALL = "不用打电话"
PANEL = re.compile(r'<section class="emergency".*?</section>', re.DOTALL)


def _numbers(page: Any) -> list[list[str]]:
    """Return the numbers to call of each panel of a page."""
    text = page if isinstance(page, str) else page.content.decode()
    panels = PANEL.findall(text)
    assert all("<h2" in panel or "<h3" in panel for panel in panels)
    return [re.findall(r'href="tel:([\d-]+)"', panel) for panel in panels]


def _is_fire(page: Any) -> bool:
    return [numbers[0] for numbers in _numbers(page)] == ["119"]


def test_every_step_of_the_report_warns_of_typed_words(resident: Resident) -> None:
    client = resident.client
    assert _is_fire(client.get("/report/", {"q": "阜兴花苑46号楼着火了"}))
    resident.choose_place()
    assert not _numbers(client.get("/report/what/"))
    client.post("/report/what/", {"typed": FIRE})
    assert _is_fire(client.get("/report/what/?typed=1"))
    resident.choose_category()
    assert _is_fire(client.get("/report/tell/"))
    resident.write_report(text=FIRE)
    assert _is_fire(client.get("/report/reach/"))
    resident.enter_contact()
    check = client.get("/report/check/")
    assert _is_fire(check)
    assert resident.submit(check).status_code == 302  # the warning does not block filing
    receipt = client.get("/report/receipt/")
    assert _is_fire(receipt)
    assert NO_CALL not in receipt.content.decode()


def test_a_refused_text_is_warned_about_too(resident: Resident) -> None:
    resident.choose_place()
    resident.choose_category()
    page = resident.write_report(text=FIRE * 500)
    assert page.status_code == 200
    assert _is_fire(page)


def test_a_gas_leak_warns_by_its_category(resident: Resident) -> None:
    check = resident.open_check_page("GS01")
    assert [numbers[:2] for numbers in _numbers(check)] == [["0994-000-0119", "119"]]
    resident.submit(check)
    receipt = resident.client.get("/report/receipt/")
    assert [numbers[:2] for numbers in _numbers(receipt)] == [["0994-000-0119", "119"]]
    assert NO_CALL not in receipt.content.decode()


def test_no_page_warns_of_cloudy_water(resident: Resident) -> None:
    check = resident.open_check_page()
    assert not _numbers(check)
    resident.submit(check)
    receipt = resident.client.get("/report/receipt/")
    assert not _numbers(receipt)
    assert NO_CALL in receipt.content.decode()


@pytest.mark.parametrize(("code", "text"), [("GS01", TEXT), ("WS01", "楼道里有煤气味")])
def test_the_page_of_the_building_warns_before_me_too(
    client: Client, stage: Stage, code: str, text: str
) -> None:
    petition = stage.file(category=Category.objects.get(code=code), text=text).petition
    page = client.get("/q/qrcodeb46/").content.decode()
    assert _numbers(page) == [["0994-000-0119", "119"]]
    card = page[page.index('class="emergency"') :]
    assert f"/q/qrcodeb46/me-too/{petition.pk}/" in card
    assert f"/q/qrcodeb46/me-too/{petition.pk}/" not in page[: page.index('class="emergency"')]
    if code == "WS01":
        assert text not in page
    client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")
    receipt = client.get("/report/receipt/")
    assert [numbers[:2] for numbers in _numbers(receipt)] == [["0994-000-0119", "119"]]
    assert NO_CALL not in receipt.content.decode()


def test_the_check_page_warns_before_me_too(resident: Resident) -> None:
    petition = resident.stage.file(category=Category.objects.get(code="GS01")).petition
    page = resident.open_check_page("GS01").content.decode()
    assert len(_numbers(page)) == 2
    last_panel = page.rindex('class="emergency"')
    assert last_panel < page.index(f"/report/me-too/{petition.pk}/")


def test_what_neighbours_read_tells_nothing_about_a_person(client: Client, stage: Stage) -> None:
    petition = stage.file(text="楼上打人，有人拿刀").petition
    assert not _numbers(client.get("/q/qrcodeb46/"))
    client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")
    assert not _numbers(client.get("/report/receipt/"))


def test_following_a_case_warns_until_it_ends(client: Client, stage: Stage) -> None:
    assert _is_fire(open_case(client, stage.file(text=FIRE).petition))
    assert not _numbers(open_case(client, stage.at(Status.CLOSED, text=FIRE)))


def test_a_dispute_that_tells_of_danger_warns_resident_and_staff(
    client: Client, stage: Stage
) -> None:
    petition = stage.at(Status.RESOLVED)
    assert not _numbers(open_case(client, petition))
    refused = send_feedback(client, "dispute", petition, reason=f"{FIRE}" * 500)
    assert _is_fire(refused)
    send_feedback(client, "dispute", petition, reason="又着火了")
    assert _is_fire(client.get("/track/case/"))
    assert _is_fire(login(stage, "secretary").get(f"/petitions/{petition.pk}/"))


def test_a_reopening_that_tells_of_danger_warns(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.CLOSED)
    assert not _numbers(open_case(client, petition))
    send_feedback(client, "reopen", petition, reopen_reason="又有煤气味")
    assert [numbers[:2] for numbers in _numbers(client.get("/track/case/"))] == [
        ["0994-000-0119", "119"]
    ]


def test_the_desk_warns_while_a_call_is_written_down(stage: Stage) -> None:
    client, water = login(stage, "clerk"), Category.objects.get(code="WS01")
    asked = {"place": stage.town.building.pk, "category": water.pk}
    assert not _numbers(client.post("/petitions/new/preview/", asked))
    assert _is_fire(client.post("/petitions/new/preview/", asked | {"text": FIRE}))
    assert (
        'hx-params="place,category,urgency,about,text"'
        in client.get("/petitions/new/").content.decode()
    )
    # without script the whole form is sent
    sent = asked | {
        "key": "0e6f4b7c-6f43-4d9e-9d0a-5f4f8d1f0a11",
        "where": stage.town.building.full_name,
        "what": water.name,
        "text": FIRE,
        "channel": "desk",
    }
    assert _is_fire(client.post("/petitions/new/", sent | {"look": "1"}))
    slip = client.post("/petitions/new/", sent, follow=True)
    assert Petition.objects.get().text == FIRE
    assert _is_fire(slip)


@pytest.mark.parametrize(("text", "is_warned"), [(FIRE, True), (TEXT, False)])
def test_the_slip_opens_on_the_danger_else_on_the_next_call(
    stage: Stage, text: str, *, is_warned: bool
) -> None:
    petition = stage.file(text=text, by="clerk", channel=Channel.DESK).petition
    page = login(stage, "clerk").get(f"/petitions/{petition.pk}/slip/").content.decode()
    assert ('tabindex="-1" data-first-focus' in page) is is_warned
    assert (" autofocus" in page) is not is_warned


def test_labels_of_the_product_are_translated_and_those_of_the_place_isolated(
    resident: Resident,
) -> None:
    phone = "119（发生火情）；燃气抢修 0994-5559119；阳光物业 0994-5551234"
    Category.objects.filter(code="GS01").update(emergency_phone=phone)
    register_cache.forget_version()
    resident.choose_place()
    resident.client.cookies["django_language"] = "en"
    page = resident.client.get("/report/what/?kind=GS").content.decode()
    panel = re.search(PANEL, page)
    assert panel
    for text in (panel[0], page):
        assert "抢修" not in text
        assert "发生火情" not in text
        assert "<bdi>Gas repairs</bdi>" in text
        assert "<bdi>阳光物业</bdi>" in text
    assert '<bdi class="num" dir="ltr">119</bdi> · <bdi>in a fire</bdi>; ' in page


def test_the_case_page_of_staff_warns(stage: Stage) -> None:
    client = login(stage, "secretary")
    assert _is_fire(client.get(stage.file(text=FIRE).petition.get_absolute_url()))
    assert not _numbers(client.get(stage.file().petition.get_absolute_url()))


def test_the_api_answers_with_the_danger(stage: Stage) -> None:
    body = {"place": stage.town.building.pk, "category": "WS01", "text": FIRE}
    program, key = Program(stage.cast["partner"]), "danger-0123456789"
    answer = program.post("/petitions/", body, Idempotency_Key=key).json()
    assert answer["danger"]["kinds"] == ["fire"]
    assert answer["danger"]["numbers"][0] == {"number": "119", "name": "火警、救援"}
    assert len(answer["danger"]["advice"]) == 1
    again = program.post("/petitions/", body, Idempotency_Key=key).json()
    assert again == answer
    stored = IdempotencyKey.objects.get(key=key).body
    assert "danger" not in stored
    quiet = program.post("/petitions/", body | {"text": TEXT}, Idempotency_Key=f"{key}-2").json()
    assert quiet["danger"] is None


def test_a_sample_number_is_no_link(resident: Resident) -> None:
    phone = "119；燃气抢修 0994-5559119（示例号码）"
    Category.objects.filter(code="GS01").update(emergency_phone=phone)
    resident.choose_place()
    page = resident.client.get("/report/what/?kind=GS").content.decode()
    assert "0994-5559119" in page
    assert "tel:0994-5559119" not in page
