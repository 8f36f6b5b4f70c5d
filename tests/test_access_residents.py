"""Access to residents' pages: each session opens its own case, draft and photos only."""

from __future__ import annotations

import datetime as dt
import io
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse
from PIL import Image

from config.lib import register_cache
from grids.workflow import revoke_qr
from petitions.enums import PhotoKind
from petitions.intake import public_pages
from petitions.models import MeToo, Petition, Photo
from petitions.rules import rate_limits
from petitions.tracking import pages
from petitions.verbs.table import VERB_SPECS
from petitions.web.session_keys import TRACKED
from petitions.workflow import submission
from tests.support import access_matrix, route_list
from tests.support.access_fixtures import FACTS, NOW, AccessFixtures, build, photo_of
from tests.support.cast import Stage
from tests.support.oracle import may_join
from tests.support.report_client import photo_file
from tests.support.route_list import Access, comparable
from tests.support.tracking_client import code_of, post_form

FOLLOWERS = {"petitioner": "own", "neighbour": "foreign", "joined": "own"}
BUILDINGS = ("b46", "b47", "b1")
POST_PAGES = (
    *("confirm", "dispute", "rate", "reopen", "contact"),
    *(str(spec.verb) for spec in VERB_SPECS if spec.resident_button),
)


@pytest.fixture
def fixtures(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> Iterator[AccessFixtures]:
    settings.MEDIA_ROOT = tmp_path
    settings.PHOTOS_BY_ACCEL = True
    monkeypatch.setattr(rate_limits, "hit", lambda *_args: None)
    monkeypatch.setattr(rate_limits, "release", lambda *_args: None)
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    register_cache.forget_version()
    with time_machine.travel(NOW, tick=False):
        yield build(stage)


@pytest.fixture
def browsers(fixtures: AccessFixtures) -> dict[str, Client]:
    """Visitors of the residents' pages, each with a session."""
    clients = {name: Client() for name in ("nobody", *FOLLOWERS, "late", "writer")}
    for name in ("petitioner", "neighbour", "late"):
        case = fixtures.cases[FOLLOWERS.get(name, "own")]
        clients[name].post("/track/", {"code": code_of(case), "digits": "1234"})
    session = clients["late"].session
    session[TRACKED][2] = (NOW - dt.timedelta(seconds=1)).isoformat()
    session.save()
    key = uuid.uuid4()
    code = submission.me_too(petition=fixtures.cases["own"], key=key, now=NOW)
    clients["joined"].post("/track/", {"code": code, "digits": ""})
    writer = clients["writer"]
    writer.post("/report/", {"place": fixtures.stage.town.building.pk})
    writer.post("/report/what/", {"category": fixtures.cases["own"].category_id})
    writer.post("/report/tell/", {"text": "示例", "photos": [photo_file()]})
    clients["clerk"] = fixtures.visitors["clerk"].browser
    for browser in clients.values():
        browser.get("/")
    return clients


# --- Following a case -------------------------------------------------------------------------


def test_the_case_page_is_of_the_case_whose_code_was_given(
    fixtures: AccessFixtures, browsers: dict[str, Client]
) -> None:
    for name, browser in browsers.items():
        answer = browser.get("/track/case/")
        assert answer.status_code == (200 if name in FOLLOWERS else 302), name
        theirs = {FOLLOWERS[name]} if name in {"petitioner", "neighbour"} else set()
        named = set(fixtures.cases_in(answer.content))
        assert named - {FOLLOWERS.get(name)} == set(), name
        assert theirs <= named, name


def test_acts_are_the_petitioner_s_alone(
    fixtures: AccessFixtures, browsers: dict[str, Client]
) -> None:
    before = {case.pk: case.version for case in Petition.objects.all()}
    for name, browser in browsers.items():
        for act in POST_PAGES:
            url = reverse(f"petitions:track_{act}")
            assert route_list.TABLE[f"petitions:track_{act}"] == Access.FOLLOW
            assert browser.get(url).status_code == 405
            if name in {"petitioner", "neighbour"}:
                if act != "contact":  # an empty form there takes the contact back
                    assert post_form(browser, url, {}).status_code == 400, (name, act)
                    assert browser.post(url, {}).status_code == 409, (name, act)
                continue
            answer = browser.post(url, {"version": 1, "reason": "x", "rating": 5, "delete": 1})
            assert (answer.status_code, answer["Location"]) == (302, "/track/"), (name, act)
    assert {case.pk: case.version for case in Petition.objects.all()} == before


def _photos(fixtures: AccessFixtures) -> dict[str, tuple[str, Any]]:
    """Return photos of every kind by name, each with the name of its case."""
    own, public_step = fixtures.cases["own"], {"kind": PhotoKind.HANDLING}
    return {
        "own report": ("own", fixtures.photos["own"]),
        "own progress": ("own", photo_of(own, **public_step)),
        "own internal": ("own", photo_of(own, **public_step, is_public=False)),
        "foreign report": ("foreign", fixtures.photos["foreign"]),
        "sealed": ("sealed", fixtures.photos["sealed"]),
        "about the branch": ("about the branch", fixtures.photos["about the branch"]),
        "deleted": ("", fixtures.deleted["photo"]),
    }


def _may_look(name: str, case: str, photo: Photo) -> bool:
    if FOLLOWERS.get(name) != case or not photo.is_public:
        return False
    return name != "joined" or photo.kind != PhotoKind.REPORT


@pytest.mark.parametrize("page", ["track_photo", "track_thumb"])
def test_photos_of_the_case_that_is_followed_and_no_other(
    fixtures: AccessFixtures, browsers: dict[str, Client], page: str
) -> None:
    photos = _photos(fixtures)
    for name, browser in browsers.items():
        unknown = comparable(browser.get(reverse(f"petitions:{page}", args=[uuid.uuid4()])))
        for what, (case, photo) in photos.items():
            answer = browser.get(reverse(f"petitions:{page}", args=[photo.uuid]))
            if case and _may_look(name, case, photo):
                assert answer.status_code == 200, (name, what)
            else:
                assert comparable(answer) == unknown, (name, what)
                assert answer.status_code == 404


# --- Writing a report -------------------------------------------------------------------------


def test_a_draft_and_its_photos_belong_to_one_browser(
    fixtures: AccessFixtures, browsers: dict[str, Client]
) -> None:
    page = browsers["writer"].get("/report/tell/").content.decode()
    (token,) = {part.split("/")[0] for part in page.split("/report/photos/")[1:]}
    for name, browser in browsers.items():
        unknown = comparable(browser.get(reverse("petitions:report_photo", args=["a" * 40])))
        answer = browser.get(reverse("petitions:report_photo", args=[token]))
        if name == "writer":
            assert answer.status_code == 200
        else:
            assert comparable(answer) == unknown, name
        for step in ("what", "tell", "reach"):
            status = browser.get(f"/report/{step}/").status_code
            assert status == {"writer": 200, "clerk": 403}.get(name, 302), (name, step)
        # Staff who are logged in use the desk.
        last = 403 if SESSION_KEY in browser.session else 302
        assert browser.get("/report/check/").status_code == last, name


def test_a_receipt_is_shown_to_the_browser_that_filed_or_joined(
    fixtures: AccessFixtures, browsers: dict[str, Client]
) -> None:
    own = fixtures.cases["own"]
    code = fixtures.stage.town.building.qr_codes.get().code
    joining = reverse("petitions:me_too", args=[code, own.pk])
    assert browsers["nobody"].post(joining)["Location"] == reverse("petitions:receipt")
    for name, browser in browsers.items():
        answer = browser.get(reverse("petitions:receipt"))
        assert answer.status_code == (200 if name == "nobody" else 302), name
        assert set(fixtures.cases_in(answer.content)) <= {"own"}, name
    browsers["nobody"].post(reverse("petitions:track_leave"))
    assert browsers["nobody"].get(reverse("petitions:receipt")).status_code == 302


# --- Joining a matter -------------------------------------------------------------------------


def _wrong_joins(fixtures: AccessFixtures, building: str, join: Any) -> list[str]:
    """Try to join every case from a building; return the answers that are not as they must be."""
    clients = []
    assert comparable(join(fixtures.deleted["case"].pk)) == comparable(
        join(access_matrix.UNKNOWN_ID)
    )
    for name, fact in FACTS.items():
        answer = join(fixtures.cases[name].pk)
        may = may_join(building, fact)
        expected = {True: 302, None: 409, False: 404}[may]
        is_same = may is not False or comparable(answer) == comparable(
            join(access_matrix.UNKNOWN_ID)
        )
        if answer.status_code != expected or not is_same:
            clients.append(f"{building} {name}: {answer.status_code}, not {expected}")
    return clients


@pytest.mark.parametrize("building", BUILDINGS)
def test_only_a_known_matter_of_one_s_own_building_can_be_joined(
    fixtures: AccessFixtures, building: str
) -> None:
    place = fixtures.stage.town.areas[building]
    code = place.qr_codes.get().code
    browser = Client()
    browser.get("/")

    def by_draft(pk: int) -> Any:
        browser.post("/report/", {"place": place.pk})  # joining ends the draft
        return browser.post(reverse("petitions:report_me_too", args=[pk]))

    def by_link(pk: int) -> Any:
        return browser.post(reverse("petitions:me_too", args=[code, pk]))

    assert _wrong_joins(fixtures, building, by_link) == []
    assert _wrong_joins(fixtures, building, by_draft) == []


def test_a_revoked_or_unknown_link_joins_nothing(fixtures: AccessFixtures) -> None:
    qr = fixtures.stage.town.building.qr_codes.get()
    revoke_qr(qr=qr, now=NOW)
    for code in (qr.code, "unknowncode"):
        for case in (fixtures.cases["own"].pk, access_matrix.UNKNOWN_ID):
            answer = Client().post(reverse("petitions:me_too", args=[code, case]))
            assert answer.status_code == 404
    assert not MeToo.objects.exists()


def test_pages_of_a_building_tell_no_more_than_kind_and_step(fixtures: AccessFixtures) -> None:
    for building in BUILDINGS:
        code = fixtures.stage.town.areas[building].qr_codes.get().code
        page = Client().get(reverse("petitions:at_place", args=[code]))
        assert page.status_code == 200
        assert fixtures.cases_in(page.content) == []
        offered = {case.pk for case in page.context["nearby_cases"]}
        joinable = {fixtures.cases[n].pk for n, f in FACTS.items() if may_join(building, f)}
        assert offered <= joinable


# --- Planted mistakes -------------------------------------------------------------------------


def test_an_unlisted_matter_that_can_be_joined_is_noticed(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(area: Any, now: dt.datetime) -> Any:
        return Petition.objects.same_matter(area.pk, None, now - public_pages.NEARBY_CASE_AGE)

    monkeypatch.setattr(public_pages, "cases_shown_at", forgetful)
    code = fixtures.stage.town.building.qr_codes.get().code
    browser = Client()
    browser.get("/")
    wrong = _wrong_joins(
        fixtures, "b46", lambda pk: browser.post(reverse("petitions:me_too", args=[code, pk]))
    )
    assert [line.split(":")[0] for line in wrong] == ["b46 of one household"]


def test_a_thumbnail_of_any_case_is_noticed(
    fixtures: AccessFixtures, browsers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(_request: Any, uuid: Any, *, is_thumb: bool) -> Any:
        return pages.photo_response(Photo.objects.get(uuid=uuid).name, is_thumb=is_thumb)

    monkeypatch.setattr(pages, "_send_photo", unchecked)
    url = reverse("petitions:track_thumb", args=[fixtures.photos["foreign"].uuid])
    assert browsers["petitioner"].get(url).status_code == 200  # what the matrix above refuses


def test_the_snapshot_is_a_picture() -> None:
    assert Image.open(io.BytesIO(photo_file().read())).format == "JPEG"
