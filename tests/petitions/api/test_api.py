"""Programs read cases: who may come in, what they see, and what they never see."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Outcome, Status
from petitions.models import Petition
from petitions.workflow import handling, resolution
from tests.support.api_client import (
    MOST_QUERIES,
    PROBLEM,
    Program,
    statements,
    unnumbered,
    watching,
)
from tests.support.cast import PHONE, Stage

SECRETS = ('"phone', '"contact', "tracking", "rating", "filed_by", "resolved_by", PHONE, "示例居民")


@pytest.fixture
def petition(stage: Stage) -> Petition:
    return stage.at(Status.SUBMITTED)


# --- Who comes in -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/petitions/", "/petitions/1/", "/events/", "/areas/", "/me/"])
def test_a_token_is_required(stage: Stage, path: str) -> None:
    answer = Program(None).get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["code"] == "not_logged_in"
    assert answer.json()["request_id"]


@pytest.mark.parametrize("token", ["x", "é", "0" * 64, "\x00" * 20, "0 0", "Z" * 64])
def test_a_malformed_token_is_refused(stage: Stage, token: str) -> None:
    answer = Client(raise_request_exception=False).get(
        "/api/v1/petitions/", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


def test_a_session_authenticates(stage: Stage, petition: Petition) -> None:
    client = Client()
    client.force_login(stage.cast["clerk"])
    assert client.get("/api/v1/petitions/").json()["results"][0]["id"] == petition.pk


def test_a_session_needs_a_csrf_token_to_write(stage: Stage, petition: Petition) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(stage.cast["secretary"])
    path = f"/api/v1/petitions/{petition.pk}/accept/"
    answer = client.post(path, content_type="application/json", headers={"If-Match": '"v1"'})
    assert answer.status_code == 403
    assert Petition.objects.get(pk=petition.pk).version == 1


def test_a_session_with_a_pending_step_is_refused_without_a_redirect(stage: Stage) -> None:
    person = stage.cast["clerk"]
    person.must_change_password = True
    person.save()
    for name, code in (("clerk", "account_change_password"), ("official", "mfa_activate_totp")):
        client = Client()
        client.force_login(stage.cast[name])
        answer = client.get("/api/v1/petitions/")
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert answer.headers["Content-Type"] == PROBLEM


def test_an_expired_session_is_refused(stage: Stage) -> None:
    client = Client()
    client.force_login(stage.cast["clerk"])
    session = client.session
    session["signed_in_at"] = session["last_seen_at"] = 0
    session.save()
    assert client.get("/api/v1/petitions/").status_code == 401


@pytest.mark.parametrize("administrator", ["auditor", "sysadmin", "secadmin"])
@pytest.mark.parametrize("path", ["/petitions/", "/petitions/1/", "/events/"])
def test_administrators_see_no_case(stage: Stage, administrator: str, path: str) -> None:
    assert Program(stage.cast[administrator]).get(path).status_code == 403


def test_a_user_without_a_post_sees_nothing(stage: Stage) -> None:
    person = stage.cast["secretary"]
    person.posts.update(valid_to=timezone.localdate() - dt.timedelta(days=1))
    assert Program(person).get("/petitions/").status_code == 403


# --- One case ---------------------------------------------------------------------------------


def test_a_case_is_shown_with_its_version_and_open_verbs(stage: Stage, petition: Petition) -> None:
    answer = Program(stage.cast["secretary"]).get(f"/petitions/{petition.pk}/")
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"v1"'
    assert "private" in answer.headers["Cache-Control"]
    assert body["number"] == petition.number
    assert body["status"] == "submitted"
    assert body["category"] == {"code": "WS01", "name": "水质浑浊/异味"}
    assert body["place"] == {"id": stage.town.building.pk, "name": stage.town.building.full_name}
    assert body["organisation"]["name"] == "第三网格党支部"
    assert body["supervisor"] is None
    assert body["text"] == petition.text
    assert body["due_at"]
    assert "accept" in body["verbs"]
    assert "resolve" not in body["verbs"]


def test_the_verbs_are_the_callers_own(stage: Stage, petition: Petition) -> None:
    def verbs(name: str) -> list[str]:
        found: list[str] = (
            Program(stage.cast[name]).get(f"/petitions/{petition.pk}/").json()["verbs"]
        )
        return found

    assert verbs("partner") == []
    assert {"accept", "reassign", "withdraw"} <= set(verbs("clerk"))
    assert "reassign" not in verbs("secretary")


def test_a_known_version_is_not_sent_again(stage: Stage, petition: Petition) -> None:
    program = Program(stage.cast["secretary"])

    def status(name: str) -> int:
        path = f"/petitions/{petition.pk}/"
        found: int = program.get(path, headers={"If-None-Match": name}).status_code
        return found

    assert status('"v1"') == 304
    assert status('W/"v1"') == 304
    assert status('"v0", "v1"') == 304
    assert status("*") == 304
    assert status('"v2"') == 200
    assert status("v1") == 200


@pytest.mark.parametrize("name", ["outsider", "sibling", "department", "member"])
def test_out_of_scope_is_not_found_to_the_byte(stage: Stage, petition: Petition, name: str) -> None:
    if name == "member":
        petition = stage.at(Status.SUBMITTED, place=stage.town.areas["b1"])
    program = Program(stage.cast[name])
    hidden = unnumbered(program.get(f"/petitions/{petition.pk}/"))
    absent = unnumbered(program.get("/petitions/999999/"))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert hidden.headers.items() == absent.headers.items()


def test_the_organisation_complained_about_finds_nothing(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED, about=stage.town.orgs["branch"])
    assert Program(stage.cast["secretary"]).get(f"/petitions/{petition.pk}/").status_code == 404
    assert Program(stage.cast["secretary"]).get("/petitions/").json()["results"] == []
    assert Program(stage.cast["secretary"]).get("/events/").json()["results"] == []
    assert Program(stage.cast["official"]).get(f"/petitions/{petition.pk}/").status_code == 200


@pytest.mark.parametrize("name", ["partner", "clerk", "secretary", "official"])
def test_nothing_about_the_petitioner_is_ever_shown(stage: Stage, name: str) -> None:
    petition = stage.at(Status.RESOLVED)
    resolution.confirm(
        petition=petition, by=stage.petitioner(petition), now=timezone.now(), rating=5
    )
    program = Program(stage.cast[name])
    for path in (f"/petitions/{petition.pk}/", "/petitions/", "/events/"):
        said = program.get(path).content.decode()
        assert petition.number[:4] in said
        for secret in SECRETS:
            assert secret not in said, (path, secret)


@pytest.mark.parametrize(
    "path",
    [
        "/petitions/x/",
        "/petitions/-1/",
        "/petitions/1.5/",
        f"/petitions/{'9' * 5000}/",
        "/nothing/",
    ],
)
def test_an_unknown_address_is_a_problem_document(stage: Stage, path: str) -> None:
    answer = Program(stage.cast["clerk"]).get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("pk", [0, 2**31, 2**63, 10**30])
def test_a_huge_number_is_just_not_found(stage: Stage, pk: int) -> None:
    assert Program(stage.cast["clerk"]).get(f"/petitions/{pk}/").status_code == 404


def test_other_methods_are_refused(stage: Stage, petition: Petition) -> None:
    program = Program(stage.cast["clerk"])
    for method in ("put", "patch", "delete", "options"):
        answer = getattr(program.client, method)(
            f"/api/v1/petitions/{petition.pk}/", headers=program.headers
        )
        assert answer.status_code == 405
        assert answer.headers["Content-Type"] == PROBLEM


def test_answers_are_json_only(stage: Stage) -> None:
    program = Program(stage.cast["clerk"])
    answer = program.get("/petitions/", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json()["title"] == "不能按这种格式回答"


# --- The list ---------------------------------------------------------------------------------


def test_pages_are_complete_and_without_repeats(stage: Stage) -> None:
    filed = [stage.at(Status.SUBMITTED).pk for _one in range(7)]
    program = Program(stage.cast["clerk"])
    found: list[int] = []
    address = "/petitions/?limit=3"
    while address:
        body = program.get(address).json()
        found += [row["id"] for row in body["results"]]
        address = (body["next"] or "").removeprefix("http://testserver/api/v1")
    assert found == sorted(filed, reverse=True)


def test_the_filters_of_the_page(stage: Stage) -> None:
    waiting = stage.at(Status.SUBMITTED)
    done = stage.at(Status.CLOSED)
    program = Program(stage.cast["clerk"])

    def ids(**query: object) -> list[int]:
        return [row["id"] for row in program.get("/petitions/", **query).json()["results"]]

    assert ids(state="open") == [waiting.pk]
    assert ids(status="closed") == [done.pk]
    assert ids(status=["closed", "submitted"]) == [done.pk, waiting.pk]
    assert ids(to_accept=1) == [waiting.pk]
    assert ids(q=waiting.number) == [waiting.pk]
    assert ids(place=stage.town.areas["b47"].pk) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "nonsense"),
        ("limit", "null"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "1.5"),
        ("limit", "²"),
        ("cursor", "nonsense"),
        ("cursor", "cD1hYmM="),
        ("filed_from", "2026-13-01"),
        ("organisation", "0"),
        ("organisation", "9" * 40),
        ("q", "a\x00b"),
        ("statuss", "closed"),
        ("format", "xml"),
    ],
)
def test_invalid_filters_are_refused(stage: Stage, name: str, value: str) -> None:
    answer = Program(stage.cast["clerk"]).get("/petitions/", **{name: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("cursor", ["", "cj0x"], ids=["empty", "reverse-without-position"])
def test_cursor_without_position_is_the_first_page(
    stage: Stage, petition: Petition, cursor: str
) -> None:
    answer = Program(stage.cast["clerk"]).get("/petitions/", cursor=cursor)
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["results"]] == [petition.pk]


def test_an_end_before_its_beginning_is_refused(stage: Stage) -> None:
    days = {"filed_from": "2026-03-10", "filed_to": "2026-03-09"}
    answer = Program(stage.cast["clerk"]).get("/petitions/", **days)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "filed_to"


# --- Events -----------------------------------------------------------------------------------


def test_events_come_in_the_order_of_their_ids(stage: Stage) -> None:
    petition = stage.at(Status.CLOSED)
    program = Program(stage.cast["clerk"])
    events = program.get("/events/").json()["results"]
    assert [one["verb"] for one in events] == ["file", "accept", "start", "resolve", "confirm"]
    assert [one["version"] for one in events] == [1, 2, 3, 4, 5]
    assert {one["petition"] for one in events} == {petition.pk}
    later = program.get("/events/", after=events[2]["id"]).json()["results"]
    assert later == events[3:]
    first = program.get("/events/", limit=2).json()
    assert first["results"] == events[:2]
    assert (
        program.get(first["next"].removeprefix("http://testserver/api/v1")).json()["results"]
        == events[2:4]
    )


def test_events_are_found_by_case_and_verb(stage: Stage) -> None:
    one, other = stage.at(Status.ACCEPTED), stage.at(Status.ACCEPTED)
    program = Program(stage.cast["clerk"])
    found = program.get("/events/", petition=one.pk, verb="accept").json()["results"]
    assert [(row["petition"], row["verb"]) for row in found] == [(one.pk, "accept")]
    assert other.pk != one.pk
    for name, value in (("after", "-1"), ("after", "x"), ("petition", "x"), ("verb", "x")):
        assert program.get("/events/", **{name: value}).status_code == 400


def test_partners_read_public_words_only(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    now = timezone.now()
    leader = stage.cast["secretary"]
    handling.note(petition=petition, by=leader, now=now, body="内部的话")
    handling.note(petition=petition, by=leader, now=now, body="公开的话", is_public=True)

    def words(name: str) -> list[str]:
        rows = Program(stage.cast[name]).get("/events/", petition=petition.pk).json()["results"]
        return [row["note"]["body"] for row in rows if row["note"]]

    assert words("clerk") == ["内部的话", "公开的话"]
    assert words("partner") == ["公开的话"]


def test_no_event_of_a_case_out_of_scope(stage: Stage, petition: Petition) -> None:
    assert Program(stage.cast["outsider"]).get("/events/").json()["results"] == []


# --- What it costs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/petitions/?limit=100", "/petitions/{pk}/", "/events/?limit=100"]
)
def test_the_number_of_queries_does_not_grow(stage: Stage, path: str) -> None:
    petition = stage.at(Status.RESOLVED)
    program = Program(stage.cast["clerk"])
    program.get(path.format(pk=petition.pk))  # fills the caches of the process
    costs = []
    for _round in range(2):
        with watching() as caught:
            answer = program.get(path.format(pk=petition.pk))
        assert answer.status_code == 200
        costs.append(len(statements(caught)))
        for _one in range(10):
            stage.at(Status.SUBMITTED)
    assert costs[0] == costs[1] <= MOST_QUERIES


def test_a_resolved_case_has_its_outcome(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    body = Program(stage.cast["partner"]).get(f"/petitions/{petition.pk}/").json()
    assert (body["outcome"], body["cause"]) == (Outcome.RESOLVED, "老旧铁管")
    assert body["public_answer"] == "已更换楼内铁管，水已变清。"
