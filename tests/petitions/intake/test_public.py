"""Residents' pages around a report: front, at a building, "me too", who answers for a place."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.models import MobileActivityRoom, Stop
from config.lib import register_cache
from grids.models import PlaceQr
from petitions.enums import Status
from petitions.models import Category, MeToo, Petition, RateLimitCounter
from tests.support.cast import Stage

QR = "/q/qrcodeb46/"


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> None:
    register_cache.forget_version()


def _join(client: Client, petition: Petition, code: str = "qrcodeb46") -> int:
    return client.post(f"/q/{code}/me-too/{petition.pk}/").status_code


# front


@pytest.mark.django_db
def test_the_front_has_three_doors(client: Client) -> None:
    page = client.get("/").content.decode()
    for address in ("/report/", "/track/", "/who/"):
        assert "door-link" in page
        assert f'href="{address}"' in page
    for number in ("tel:110", "tel:119", "tel:120", "tel:122"):
        assert number in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/", "/who/", "/report/places/", "/report/receipt/", "/track/case/"]
)
def test_pages_to_read_reject_post(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/q/qrcodeb46/me-too/1/", "/report/me-too/1/", "/track/leave/"])
def test_acts_reject_get(client: Client, path: str) -> None:
    assert client.get(path).status_code == 405


# at the building


def test_the_qr_link_knows_the_place_and_starts_a_report_there(
    client: Client, stage: Stage
) -> None:
    page = client.get(QR)
    assert page.status_code == 200
    assert "阜兴花苑46号楼" in page.content.decode()
    assert client.post(QR)["Location"] == "/report/what/"
    assert "阜兴花苑46号楼" in client.get("/report/what/").content.decode()


def test_a_revoked_code_says_so_and_offers_the_ordinary_way(client: Client, stage: Stage) -> None:
    PlaceQr.objects.filter(code="qrcodeb46").update(revoked_at=timezone.now())
    page = client.get(QR)
    assert page.status_code == 410
    assert "已停用" in page.content.decode()
    assert 'href="/report/"' in page.content.decode()
    assert client.post(QR).status_code == 410


def test_a_damaged_code_says_so_and_offers_the_ordinary_way(client: Client, stage: Stage) -> None:
    page = client.get("/q/qrcodeb4/")
    assert page.status_code == 404
    assert "没有认出" in page.content.decode()
    assert 'href="/report/"' in page.content.decode()


def test_what_is_being_handled_shows_nothing_personal(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    page = client.get(QR).content.decode()
    assert "水质浑浊/异味" in page
    assert "已受理" in page
    assert f"/q/qrcodeb46/me-too/{petition.pk}/" in page
    for secret in (petition.text, petition.number, "示例居民", "1234", "自来水发浑"):
        assert secret not in page


def test_cases_nobody_may_know_of_are_never_shown(client: Client, stage: Stage) -> None:
    sealed = stage.file(category=Category.objects.get(code="GV04")).petition
    about = stage.file(about=stage.town.orgs["branch"]).petition
    closed = stage.at(Status.CLOSED)
    elsewhere = stage.file(place=stage.town.areas["b47"]).petition
    page = client.get(QR).content.decode()
    for petition in (sealed, about, closed, elsewhere):
        assert f"/me-too/{petition.pk}/" not in page
        assert _join(client, petition) in {404, 409}
    assert MeToo.objects.count() == 0


def test_the_page_costs_the_same_with_many_cases(client: Client, stage: Stage) -> None:
    stage.file()
    client.get(QR)
    with CaptureQueriesContext(connection) as one:
        client.get(QR)
    for _i in range(8):
        stage.file()
    with CaptureQueriesContext(connection) as nine:
        page = client.get(QR).content.decode()
    assert len(one) == len(nine) <= 12
    assert page.count("我家也是</span>") == 6
    assert "还有更早的没有列出" in page


# me too


def test_me_too_joins_once_per_browser_and_gives_an_own_code(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    assert client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")["Location"] == "/report/receipt/"
    first = client.get("/report/receipt/").content.decode()
    assert _join(client, petition) == 302
    assert client.get("/report/receipt/").content.decode().count("code__value") == 1
    assert MeToo.objects.count() == 1
    assert petition.number not in first
    assert _join(Client(), petition) == 302
    assert MeToo.objects.count() == 2
    assert petition.events.count() == 1  # joining changes nothing in the case


def test_one_browser_may_join_two_matters(client: Client, stage: Stage) -> None:
    first, second = stage.file().petition, stage.file().petition
    assert (_join(client, first), _join(client, second)) == (302, 302)
    assert MeToo.objects.count() == 2


def test_me_too_on_a_case_of_another_place_is_not_found(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    assert _join(client, petition, "qrcodeb47") == 404
    assert _join(client, petition, "nonsense") == 404
    assert client.post(f"/report/me-too/{petition.pk}/").status_code == 404


def test_me_too_on_a_closed_case_is_too_late(client: Client, stage: Stage) -> None:
    page = client.post(f"/q/qrcodeb46/me-too/{stage.at(Status.CLOSED).pk}/")
    assert page.status_code == 409
    assert "已经办完" in page.content.decode()


def test_joining_is_limited_per_address(client: Client, stage: Stage) -> None:
    petition = stage.file().petition
    assert _join(client, petition) == 302
    RateLimitCounter.objects.filter(bucket__startswith="join:").update(count=30)
    page = client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")
    assert page.status_code == 429
    assert 0 < int(page["Retry-After"]) <= 3600


# who answers


def test_who_answers_names_everybody_up_to_the_subdistrict(client: Client, stage: Stage) -> None:
    page = client.get("/who/", {"place": stage.town.building.pk}).content.decode()
    order = ["46号楼党小组", "第三网格党支部", "迎宾路社区党委", "阜新街道党工委"]
    places = [page.index(f'<p class="strong">{name}') for name in order]
    assert places == sorted(places)
    assert "tel:09940000000" in page
    assert "示例secretary" not in page


def test_who_shows_the_coming_stops_of_a_mobile_room(client: Client, stage: Stage) -> None:
    room = MobileActivityRoom.objects.create(organisation=stage.town.orgs["group"], name="流动室")
    today = timezone.localdate()
    for days in (-3, 4):
        Stop.objects.create(
            room=room,
            area=stage.town.building,
            date=today + dt.timedelta(days=days),
            services=f"第{days}天的服务",
        )
    page = client.get("/who/", {"place": stage.town.building.pk}).content.decode()
    assert "第4天的服务" in page
    assert "第-3天的服务" not in page


def test_a_place_is_found_by_typing_or_step_by_step(client: Client, stage: Stage) -> None:
    found = client.get("/who/", {"q": "fxhy46"}).content.decode()
    assert f'value="{stage.town.building.pk}"' in found
    top = client.get("/who/").content.decode()
    assert "阜新街道" in top
    inside = client.get("/who/", {"in": stage.town.areas["yingbin"].pk}).content.decode()
    assert "阜兴花苑" in inside
    assert "第七网格" not in inside  # grids are an inner matter
    estate = client.get("/who/", {"in": stage.town.areas["fxhy"].pk}).content.decode()
    assert "46号楼" in estate
    assert "47号楼" in estate


@pytest.mark.parametrize(
    "query",
    [{"place": "x"}, {"place": "9" * 30}, {"in": "-1"}, {"in": "9" * 25}, {"q": "%00"}, {"q": "'"}],
)
def test_odd_input_is_no_error(client: Client, stage: Stage, query: dict[str, str]) -> None:
    assert client.get("/who/", query).status_code == 200
    assert client.get("/report/", query).status_code == 200
    assert client.get("/report/places/", query).status_code == 200
