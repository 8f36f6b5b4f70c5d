"""Programs act on cases: each verb works, and every refusal has its own status."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from PIL import Image

from petitions import workflow
from petitions.api.verbs import ACTS
from petitions.enums import Outcome, Status, Verb
from petitions.models import DoorVisit, Event, Feedback, Note, Petition, Photo
from petitions.states import MOVE
from tests.cast import PHONE, Stage
from tests.petitions.programs import (
    MOST_QUERIES,
    PROBLEM,
    Program,
    statements,
    unnumbered,
    upload,
    watching,
)

S = Status
RESOLVE = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "已更换。"}
REASON = {"reason": "说明"}


def _doors(stage: Stage) -> dict[str, Any]:
    one = {"entrance": 1, "floor": 2, "door": 1, "result": "affected"}
    return {"building": stage.town.building.pk, "doors": [one, one | {"door": 2}]}


# verb, state it starts from, who, body, status after
STORY: list[tuple[Verb, Status, str, Any, Status]] = [
    (Verb.ACCEPT, S.SUBMITTED, "secretary", None, S.ACCEPTED),
    (Verb.DECLINE, S.SUBMITTED, "clerk", REASON, S.DECLINED),
    (Verb.REDIRECT, S.ACCEPTED, "secretary", REASON, S.REDIRECTED),
    (
        Verb.DISPATCH,
        S.ACCEPTED,
        "secretary",
        lambda s: {"group": s.town.orgs["group"].pk},
        S.ASSIGNED,
    ),
    (Verb.START, S.ASSIGNED, "leader", {}, S.IN_PROGRESS),
    (Verb.VISIT, S.ASSIGNED, "leader", _doors, S.IN_PROGRESS),
    (Verb.NOTE, S.ACCEPTED, "clerk", {"body": "已电话联系", "is_public": True}, S.ACCEPTED),
    (Verb.RESOLVE, S.IN_PROGRESS, "secretary", RESOLVE, S.RESOLVED),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": 4}, S.CLOSED),
    (Verb.DISPUTE, S.RESOLVED, "clerk", REASON | {"is_partly": True}, S.REOPENED),
    (Verb.CLOSE, S.RESOLVED, "clerk", REASON, S.CLOSED),
    (Verb.REOPEN, S.CLOSED, "clerk", REASON, S.REOPENED),
    (
        Verb.RETURN,
        S.SUBMITTED,
        "secretary",
        lambda s: REASON | {"proposed": s.town.orgs["water"].pk},
        S.RETURNED,
    ),
    (
        Verb.REASSIGN,
        S.RETURNED,
        "clerk",
        lambda s: REASON | {"organisation": s.town.orgs["yingbin"].pk},
        S.SUBMITTED,
    ),
    (Verb.ESCALATE, S.ACCEPTED, "secretary", REASON, S.ACCEPTED),
    (Verb.WITHDRAW, S.ACCEPTED, "clerk", REASON, S.WITHDRAWN),
]
# Finding a superior or another organisation, and a feedback row, cost questions of their own.
DEARER = {Verb.REASSIGN: 13, Verb.DISPUTE: 13, Verb.ANSWER: 13, Verb.ESCALATE: 15}
BODIES: dict[Verb, Any] = {verb: body for verb, _state, _who, body, _to in STORY}
BODIES[Verb.ANSWER] = {"kind": "resources", "text": "同意"}
BODIES[Verb.REVEAL] = REASON


def _body(stage: Stage, body: Any) -> Any:
    return body(stage) if callable(body) else body


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return out.getvalue()


def _sent(
    stage: Stage, program: Program, petition: Petition, verb: Verb, version: int | None
) -> Any:
    """Do any verb with a fitting body; photos as a form."""
    headers = {"If_Match": f'"v{version}"'} if version is not None else {}
    path = f"/petitions/{petition.pk}/{verb}/"
    if verb == Verb.PHOTO:
        return program.send(path, {"photos": [upload(_picture())]}, **headers)
    return program.post(path, _body(stage, BODIES[verb]), **headers)


def test_every_verb_of_the_table_has_its_address() -> None:
    done_by_people = {
        verb
        for verb, move in MOVE.items()
        if move.has_page and set(move.actors) - {"petitioner", "clock"} and move.sources
    }
    assert set(ACTS) == done_by_people


@pytest.mark.parametrize(
    ("verb", "start", "name", "body", "end"), STORY, ids=[str(one[0]) for one in STORY]
)
def test_it_works(
    stage: Stage, verb: Verb, start: Status, name: str, body: Any, end: Status
) -> None:
    petition = stage.at(start)
    program = Program(stage.cast[name])
    with watching() as caught:
        answer = program.act(petition.pk, verb, _body(stage, body), petition.version)
    assert answer.status_code == 200, answer.content.decode()
    case = answer.json()
    assert case["status"] == end
    assert case["version"] == petition.version + 1
    assert answer.headers["ETag"] == f'"v{petition.version + 1}"'
    event = Event.objects.filter(petition=petition).latest("version")
    assert (event.verb, event.user) == (verb, stage.cast[name])
    most = DEARER.get(verb, MOST_QUERIES)
    assert len(statements(caught)) <= most, "\n".join(statements(caught))


def test_an_escalation_is_answered(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    now = timezone.now()
    petition = workflow.escalate(
        petition=petition, by=stage.cast["secretary"], now=now, reason="缺人"
    )
    program = Program(stage.cast["community"])
    body = {"kind": "department", "text": "请供水公司办", "department": stage.town.orgs["water"].pk}
    with watching() as caught:
        answer = program.act(petition.pk, "answer", body, petition.version)
    assert answer.status_code == 200, answer.content.decode()
    assert answer.json()["department"]["name"] == "供水公司"
    assert answer.json()["is_answer_owed"] is False
    assert len(statements(caught)) <= DEARER[Verb.ANSWER]


def test_an_extension_moves_the_limit(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    petition = workflow.escalate(
        petition=petition, by=stage.cast["secretary"], now=timezone.now(), reason="缺料"
    )
    body = {"kind": "extend", "text": "同意", "extension_minutes": 3 * 24 * 60}
    answer = Program(stage.cast["community"]).act(petition.pk, "answer", body, petition.version)
    assert answer.status_code == 200
    assert answer.json()["due_at"] > timezone.localtime(petition.due_at).isoformat()


def test_photos_are_cleaned_and_kept(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    path = f"/petitions/{petition.pk}/photo/"
    form = {"photos": [upload(_picture()), upload(_picture())], "is_public": "true"}
    with watching() as caught:
        answer = program.send(path, form)
    assert answer.status_code == 200, answer.content.decode()
    assert list(Photo.objects.values_list("is_public", flat=True)) == [True, True]
    assert len(statements(caught)) <= MOST_QUERIES
    for bad, status in (
        ({}, 400),
        ({"photos": [upload(b"no photo")]}, 400),
        ({"photos": [upload(b"")]}, 400),
        ({"photos": "words"}, 400),
        ({"photos": [upload(_picture())], "secret": "1"}, 400),
        ({"photos": [upload(_picture()) for _one in range(7)]}, 400),
    ):
        refused = program.send(path, bad)
        assert refused.status_code == status, bad
        assert refused.headers["Content-Type"] == PROBLEM
    assert program.post(path, {"photos": []}).status_code == 415
    assert Photo.objects.count() == 2


def test_doors_are_recorded(stage: Stage) -> None:
    petition = stage.at(S.ASSIGNED)
    program = Program(stage.cast["leader"])
    program.act(petition.pk, "visit", _doors(stage))
    assert DoorVisit.objects.filter(petition=petition).count() == 2


def test_the_contact_is_told_once_and_kept_nowhere(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["clerk"])
    with watching() as caught:
        answer = program.act(petition.pk, "reveal", {"reason": "约上门时间"})
    assert answer.json() == {"name": "示例居民", "phone": PHONE}
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(statements(caught)) <= MOST_QUERIES
    assert Note.objects.get(event__verb="reveal").body == "约上门时间"
    assert program.act(petition.pk, "reveal", {}).status_code == 400
    assert program.act(petition.pk, "reveal", {"reason": "  "}).status_code == 400


def test_no_contact_is_a_wrong_moment(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED, reach=workflow.filing.Reach())
    answer = Program(stage.cast["clerk"]).act(petition.pk, "reveal", REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_contact")


def test_a_rating_taken_down_is_not_shown(stage: Stage) -> None:
    petition = stage.at(S.RESOLVED)
    answer = Program(stage.cast["clerk"]).act(
        petition.pk, "confirm", {"rating": 2}, petition.version
    )
    assert Feedback.objects.get(petition=petition).rating == 2
    assert "rating" not in answer.content.decode()


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", list(ACTS))
def test_reading_a_verb_is_refused(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.SUBMITTED)
    answer = Program(stage.cast["clerk"]).get(f"/petitions/{petition.pk}/{verb}/")
    assert answer.status_code == 405


@pytest.mark.parametrize("verb", list(ACTS))
def test_out_of_scope_is_not_found_to_the_byte(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["outsider"])
    hidden = unnumbered(_sent(stage, program, petition, verb, petition.version))
    petition.pk = 999_999
    absent = unnumbered(_sent(stage, program, petition, verb, petition.version))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert hidden.headers.items() == absent.headers.items()


@pytest.mark.parametrize("verb", list(ACTS))
def test_the_wrong_person_is_refused(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ACCEPTED)
    answer = _sent(stage, Program(stage.cast["partner"]), petition, verb, None)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_actor")
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@pytest.mark.parametrize("verb", list(ACTS))
def test_hats_and_strangers_do_nothing(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ACCEPTED)
    assert _sent(stage, Program(stage.cast["sysadmin"]), petition, verb, 2).status_code == 403
    assert _sent(stage, Program(None), petition, verb, 2).status_code == 401


WRONG_MOMENT: list[tuple[Verb, str]] = [
    (Verb.ACCEPT, "secretary"),
    (Verb.DECLINE, "secretary"),
    (Verb.REDIRECT, "secretary"),
    (Verb.DISPATCH, "secretary"),
    (Verb.START, "secretary"),
    (Verb.VISIT, "secretary"),
    (Verb.NOTE, "secretary"),
    (Verb.PHOTO, "secretary"),
    (Verb.RESOLVE, "secretary"),
    (Verb.CONFIRM, "clerk"),
    (Verb.DISPUTE, "clerk"),
    (Verb.CLOSE, "clerk"),
    (Verb.REOPEN, "clerk"),
    (Verb.RETURN, "secretary"),
    (Verb.REASSIGN, "clerk"),
    (Verb.ESCALATE, "secretary"),
    (Verb.WITHDRAW, "clerk"),
    (Verb.REVEAL, "clerk"),
]


@pytest.mark.parametrize(("verb", "name"), WRONG_MOMENT)
def test_the_wrong_moment_is_refused(stage: Stage, verb: Verb, name: str) -> None:
    petition = stage.at(S.WITHDRAWN)
    answer = _sent(stage, Program(stage.cast[name]), petition, verb, petition.version)
    assert answer.status_code == 409, answer.content.decode()
    assert answer.json()["code"] == "wrong_state"
    assert answer.json()["detail"]


@pytest.mark.parametrize(("verb", "start", "name", "body", "_end"), STORY)
def test_the_version_seen_must_be_named(
    stage: Stage, verb: Verb, start: Status, name: str, body: Any, _end: Status
) -> None:
    petition = stage.at(start)
    program = Program(stage.cast[name])
    checks = MOVE[verb].checks_version
    path = f"/petitions/{petition.pk}/{verb}/"
    sent = _body(stage, body)
    stale = program.post(path, sent, If_Match=f'"v{petition.version + 1}"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert stale.headers["Content-Type"] == PROBLEM
    for any_version in ("*", "v1", "nonsense"):
        answer = program.post(path, sent, If_Match=any_version)
        assert answer.status_code in ({428} if checks else {200}) | {409}
        if not checks:
            return
    missing = program.post(path, sent)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    assert Petition.objects.get(pk=petition.pk).version == petition.version
    weak = program.post(path, sent, If_Match=f'W/"v{petition.version}"')
    assert weak.status_code == 200


def test_a_change_in_between_is_seen_under_the_lock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition = stage.at(S.SUBMITTED)
    kept = ACTS[Verb.DECLINE]

    def somebody_else_first(**given: Any) -> Any:
        workflow.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
        return kept.do(**given)

    monkeypatch.setitem(ACTS, Verb.DECLINE, type(kept)(somebody_else_first, kept.body))
    answer = Program(stage.cast["clerk"]).act(petition.pk, "decline", REASON, 1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")


BAD: list[tuple[Verb, Status, str, Any, str]] = [
    (Verb.ACCEPT, S.SUBMITTED, "secretary", {"status": "closed"}, "status"),
    (Verb.ACCEPT, S.SUBMITTED, "secretary", [], ""),
    (Verb.ACCEPT, S.SUBMITTED, "secretary", "words", ""),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": 5}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "a\x00b"}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "\ud800"}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "字" * 2001}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "x", "is_public": "yes"}, "is_public"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": None}, "body"),
    (Verb.RESOLVE, S.IN_PROGRESS, "secretary", RESOLVE | {"outcome": "magic"}, "outcome"),
    (Verb.RESOLVE, S.IN_PROGRESS, "secretary", RESOLVE | {"cause": "字" * 201}, "cause"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": 6}, "rating"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": True}, "rating"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": "4"}, "rating"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"group": 2**70}, "group"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"group": 999_999}, "group"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"users": [999_999]}, "users"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"users": ["1"]}, "users.0"),
    (Verb.REASSIGN, S.RETURNED, "clerk", REASON | {"organisation": 999_999}, "organisation"),
    (Verb.REASSIGN, S.RETURNED, "clerk", REASON, "organisation"),
]


@pytest.mark.parametrize(("verb", "start", "name", "body", "field"), BAD)
def test_a_malformed_body_says_where(
    stage: Stage, verb: Verb, start: Status, name: str, body: Any, field: str
) -> None:
    petition = stage.at(start)
    answer = Program(stage.cast[name]).act(petition.pk, verb, body, petition.version)
    assert answer.status_code == 400, answer.content.decode()
    found = [one["field"] for one in answer.json().get("errors", [])]
    assert field in found or (not field and answer.json()["code"] == "malformed")
    assert Petition.objects.get(pk=petition.pk).version == petition.version


def test_related_rows_out_of_scope_do_not_exist(stage: Stage) -> None:
    """A row hidden from the caller and one that is not there are told apart by nothing."""
    orgs, areas, cast = stage.town.orgs, stage.town.areas, stage.cast
    accepted, returned = stage.at(S.ACCEPTED), stage.at(S.RETURNED)
    door = _doors(stage)["doors"]
    tries: list[tuple[str, Petition, Verb, dict[str, Any], str, int]] = [
        ("secretary", accepted, Verb.DISPATCH, {}, "group", orgs["other"].pk),
        ("secretary", accepted, Verb.VISIT, {"doors": door}, "building", areas["b1"].pk),
        ("secretary", accepted, Verb.VISIT, {"doors": door}, "building", areas["g7"].pk),
        ("clerk", returned, Verb.REASSIGN, REASON, "organisation", orgs["other"].pk),
        ("clerk", returned, Verb.REASSIGN, REASON, "organisation", orgs["group"].pk),
        ("secretary", stage.at(S.SUBMITTED), Verb.RETURN, REASON, "proposed", orgs["other"].pk),
    ]
    for name, petition, verb, body, field, pk in tries:
        program = Program(cast[name])
        hidden = program.act(petition.pk, verb, body | {field: pk}, petition.version)
        absent = program.act(petition.pk, verb, body | {field: 999_999}, petition.version)
        assert hidden.status_code == absent.status_code == 400, (verb, field)
        assert unnumbered(hidden).content == unnumbered(absent).content
        assert hidden.json()["errors"][0]["code"] == "does_not_exist"


def test_people_are_named_from_the_own_organisation_only(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    for name, status in (("outsider", 400), ("member", 200)):
        body = {"users": [stage.cast[name].pk]}
        assert program.act(petition.pk, "dispatch", body, petition.version).status_code == status
    assert program.act(petition.pk, "dispatch", {}, petition.version + 1).status_code == 409


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"body": NaN}', "application/json", 400),
        (b'"\xff"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"body": "x"}', "application/json; charset=utf-16", 200),
        (b'{"body": "x"}', "application/json; charset=rot13", 200),
        (b"body=x", "application/x-www-form-urlencoded", 415),
        (b"<x/>", "text/xml", 415),
        (b'{"body": "x"}', "nonsense", 415),
        (b'{"body": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_what_cannot_be_read(stage: Stage, raw: bytes, kind: str, status: int) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    answer = program.client.generic(
        "POST", f"/api/v1/petitions/{petition.pk}/note/", raw, kind, headers=program.headers
    )
    assert answer.status_code == status, answer.content[:300]
    assert answer.headers["Content-Type"] == (PROBLEM if status != 200 else "application/json")


def test_too_many_writes_have_to_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.lib.api.WriteThrottle.THROTTLE_RATES", {"api-write": "2/min"})
    cache.clear()
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    statuses = [program.act(petition.pk, "note", {"body": "x"}).status_code for _one in range(3)]
    assert statuses == [200, 200, 429]
    answer = program.act(petition.pk, "note", {"body": "x"})
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "too_many"
    assert program.get(f"/petitions/{petition.pk}/").status_code == 200


def test_outcome_words_are_the_tables(stage: Stage) -> None:
    petition = stage.at(S.IN_PROGRESS)
    body = RESOLVE | {"outcome": str(Outcome.PARTLY)}
    answer = Program(stage.cast["secretary"]).act(petition.pk, "resolve", body, petition.version)
    assert answer.json()["outcome"] == "partly"
