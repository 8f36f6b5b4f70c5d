"""Programs act on cases: each verb works, and every refusal has its own status."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from petitions import workflow
from petitions.api.throttling import WriteThrottle
from petitions.api.verbs import API_VERBS
from petitions.enums import Outcome, Status, Verb
from petitions.models import DoorVisit, Event, Feedback, Note, Petition, Photo, RateLimitCounter
from petitions.rules.contacts import ContactDetails
from petitions.states import RULE_OF
from tests.support.api_client import (
    MOST_QUERIES,
    PROBLEM,
    Program,
    statements,
    unnumbered,
    upload,
    watching,
)
from tests.support.cast import PHONE, Stage

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
        for verb, move in RULE_OF.items()
        if set(move.actors) - {"petitioner", "clock"} and move.sources
    }
    assert set(API_VERBS) == done_by_people


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
    most = MOST_QUERIES
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
    assert len(statements(caught)) <= MOST_QUERIES


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
    petition = stage.at(S.ACCEPTED, reach=ContactDetails())
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


@pytest.mark.parametrize("verb", list(API_VERBS))
def test_reading_a_verb_is_refused(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.SUBMITTED)
    answer = Program(stage.cast["clerk"]).get(f"/petitions/{petition.pk}/{verb}/")
    assert answer.status_code == 405


@pytest.mark.parametrize("verb", list(API_VERBS))
def test_out_of_scope_is_not_found_to_the_byte(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["outsider"])
    hidden = unnumbered(_sent(stage, program, petition, verb, petition.version))
    petition.pk = 999_999
    absent = unnumbered(_sent(stage, program, petition, verb, petition.version))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert hidden.headers.items() == absent.headers.items()


@pytest.mark.parametrize("verb", list(API_VERBS))
def test_the_wrong_person_is_refused(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ACCEPTED)
    answer = _sent(stage, Program(stage.cast["partner"]), petition, verb, None)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_actor")
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@pytest.mark.parametrize("verb", list(API_VERBS))
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
    checks = RULE_OF[verb].checks_version
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
    kept = API_VERBS[Verb.DECLINE]

    def somebody_else_first(**given: Any) -> Any:
        workflow.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
        return kept.do(**given)

    monkeypatch.setitem(API_VERBS, Verb.DECLINE, type(kept)(somebody_else_first, kept.body))
    answer = Program(stage.cast["clerk"]).act(petition.pk, "decline", REASON, 1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")


def test_too_many_writes_have_to_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"api-write": "2/min"})
    half_past = timezone.now().replace(second=30, microsecond=0)
    monkeypatch.setattr("petitions.api.throttling.clock.now", lambda: half_past)
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    statuses = [program.act(petition.pk, "note", {"body": "x"}).status_code for _one in range(3)]
    assert statuses == [200, 200, 429]
    answer = program.act(petition.pk, "note", {"body": "x"})
    assert answer.headers["Retry-After"] == "31"  # the next window has begun then
    assert answer.json()["code"] == "rate_limited"
    assert program.get(f"/petitions/{petition.pk}/").status_code == 200
    assert Program(stage.cast["clerk"]).act(petition.pk, "note", {"body": "x"}).status_code == 200


def test_an_account_without_a_rate_is_not_limited(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"api-write": None})
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    for _again in range(2):
        assert program.act(petition.pk, "note", {"body": "x"}).status_code == 200
    assert not RateLimitCounter.objects.exists()


def test_outcome_words_are_the_tables(stage: Stage) -> None:
    petition = stage.at(S.IN_PROGRESS)
    body = RESOLVE | {"outcome": str(Outcome.PARTLY)}
    answer = Program(stage.cast["secretary"]).act(petition.pk, "resolve", body, petition.version)
    assert answer.json()["outcome"] == "partly"
