"""API endpoints of the verbs: each performs its verb, and each refusal has its own status."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from django.urls import resolve
from django.utils import timezone
from PIL import Image

from petitions.api.throttling import WriteThrottle
from petitions.enums import Outcome, Status, Verb
from petitions.models import DoorVisit, Event, Feedback, Note, Petition, Photo, RateLimitCounter
from petitions.rules.contacts import ContactDetails
from petitions.states import RULE_OF
from petitions.verbs.table import SPEC_OF, VERB_SPECS
from petitions.workflow import escalation, handling
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
from tests.support.verb_cases import CASE_OF, VERB_CASES, VerbCase

S = Status
RESOLVE = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "已更换。"}
REASON = {"reason": "说明"}


every_verb = pytest.mark.parametrize("case", VERB_CASES, ids=lambda case: str(case.verb))


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return out.getvalue()


def test_every_verb_of_people_has_an_endpoint() -> None:
    by_people = {
        verb
        for verb, rule in RULE_OF.items()
        if set(rule.actors) - {"petitioner", "clock"} and rule.sources
    }
    assert {spec.verb for spec in VERB_SPECS if spec.function} == by_people


@every_verb
def test_post_performs_the_verb(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    program, seen = Program(stage.cast[case.by]), f'"v{petition.version}"'
    with watching() as caught:
        response = case.send(program, stage, petition, If_Match=seen)
    assert response.status_code == 200, response.content.decode()
    event = Event.objects.filter(petition=petition).latest("version")
    assert (event.verb, event.user) == (case.verb, stage.cast[case.by])
    assert (event.version, event.to_status) == (petition.version + 1, case.target or case.source)
    if case.verb != Verb.REVEAL:  # which returns the contact
        assert response.json()["status"] == (case.target or case.source)
        assert response.json()["version"] == petition.version + 1
        assert response.headers["ETag"] == f'"v{petition.version + 1}"'
    assert len(statements(caught)) <= MOST_QUERIES, "\n".join(statements(caught))


@pytest.mark.parametrize("verb", [Verb.START, Verb.VISIT])
def test_the_assigned_group_works_on_the_case(stage: Stage, verb: Verb) -> None:
    petition = stage.at(S.ASSIGNED)
    program, seen = Program(stage.cast["leader"]), f'"v{petition.version}"'
    response = CASE_OF[verb].send(program, stage, petition, If_Match=seen)
    assert response.json()["status"] == S.IN_PROGRESS


def test_an_escalation_is_answered(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    now = timezone.now()
    petition = escalation.escalate(
        petition=petition, by=stage.cast["secretary"], now=now, reason="缺人"
    )
    program = Program(stage.cast["community"])
    body = {"kind": "department", "text": "请供水公司办", "department": stage.town.orgs["water"].pk}
    with watching() as caught:
        answer = program.act(petition.pk, "answer", body, petition.version)
    assert answer.status_code == 200, answer.content.decode()
    assert answer.json()["department"]["name"] == "供水公司"
    assert answer.json()["is_answer_owed"] is False
    # One more than other verbs: who worked on it, for the verbs that the caller may perform next.
    assert len(statements(caught)) <= MOST_QUERIES + 1


def test_an_extension_moves_the_deadline(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    petition = escalation.escalate(
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
    CASE_OF[Verb.VISIT].send(Program(stage.cast["leader"]), stage, petition)
    assert DoorVisit.objects.filter(petition=petition).count() == 2


def test_the_contact_is_returned_once_and_stored_nowhere(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["clerk"])
    with watching() as caught:
        answer = program.act(petition.pk, "reveal", {"reason": "约上门时间"})
    assert answer.json() == {"name": "示例居民", "phone": PHONE}
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(statements(caught)) <= MOST_QUERIES
    assert Note.objects.get(event__verb="reveal").body == "约上门时间"
    assert program.act(petition.pk, "reveal", {}).status_code == 400
    for reason in ("  ", ".", "。。。。", "1234", "看看看看"):
        answer = program.act(petition.pk, "reveal", {"reason": reason})
        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {"reason"}


def test_above_the_daily_limit_the_contact_needs_an_accepted_notice(
    stage: Stage, settings: Any
) -> None:
    settings.REVEALS_PER_DAY = 1
    petition, program = stage.at(S.ACCEPTED), Program(stage.cast["clerk"])
    body: dict[str, Any] = {"reason": "约定上门时间"}
    assert program.act(petition.pk, "reveal", body).status_code == 200
    refused = program.act(petition.pk, "reveal", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "reveal_limit")
    assert "通知您的上级" in refused.json()["detail"]
    assert program.act(petition.pk, "reveal", body | {"accepts_notice": True}).status_code == 200


def test_revealing_a_missing_contact_is_a_conflict(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED, contact=ContactDetails())
    reason = {"reason": "约定上门时间"}
    answer = Program(stage.cast["clerk"]).act(petition.pk, "reveal", reason)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_contact")


def test_a_rating_is_stored_and_not_returned(stage: Stage) -> None:
    petition = stage.at(S.RESOLVED)
    answer = Program(stage.cast["clerk"]).act(
        petition.pk, "confirm", {"rating": 2}, petition.version
    )
    assert Feedback.objects.get(petition=petition).rating == 2
    assert "rating" not in answer.content.decode()


# --- Refusals ---------------------------------------------------------------------------------


@every_verb
def test_get_is_refused(stage: Stage, case: VerbCase) -> None:
    petition = stage.at(S.SUBMITTED)
    response = Program(stage.cast["clerk"]).get(f"/petitions/{petition.pk}/{case.verb}/")
    assert response.status_code == 405


@every_verb
def test_case_out_of_scope_is_answered_like_a_missing_one(stage: Stage, case: VerbCase) -> None:
    petition = stage.at(S.ACCEPTED)
    program, seen = Program(stage.cast["outsider"]), f'"v{petition.version}"'
    hidden = unnumbered(case.send(program, stage, petition, If_Match=seen))
    petition.pk = 999_999
    absent = unnumbered(case.send(program, stage, petition, If_Match=seen))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert hidden.headers.items() == absent.headers.items()


@every_verb
def test_wrong_person_is_forbidden(stage: Stage, case: VerbCase) -> None:
    petition = stage.at(S.ACCEPTED)
    response = case.send(Program(stage.cast["partner"]), stage, petition)
    assert (response.status_code, response.json()["code"]) == (403, "wrong_actor")
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@every_verb
def test_administrators_and_anonymous_callers_are_refused(stage: Stage, case: VerbCase) -> None:
    petition = stage.at(S.ACCEPTED)
    administrator = Program(stage.cast["sysadmin"])
    assert case.send(administrator, stage, petition, If_Match='"v2"').status_code == 403
    assert case.send(Program(None), stage, petition, If_Match='"v2"').status_code == 401


@every_verb
def test_wrong_status_is_a_conflict(stage: Stage, case: VerbCase) -> None:
    petition = case.wrong_case(stage)
    program, seen = Program(stage.cast[case.by]), f'"v{petition.version}"'
    response = case.send(program, stage, petition, If_Match=seen)
    assert response.status_code == 409, response.content.decode()
    assert response.json()["code"] == case.wrong_code
    assert response.json()["detail"]


@every_verb
def test_the_version_seen_must_be_named(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    program, checks = Program(stage.cast[case.by]), RULE_OF[case.verb].checks_version
    stale = case.send(program, stage, petition, If_Match=f'"v{petition.version + 1}"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert stale.headers["Content-Type"] == PROBLEM
    for any_version in ("*", "v1", "nonsense"):
        response = case.send(program, stage, petition, If_Match=any_version)
        assert response.status_code in ({428} if checks else {200}) | {409}
        if not checks:
            return
    missing = case.send(program, stage, petition)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    assert Petition.objects.get(pk=petition.pk).version == petition.version
    weak = case.send(program, stage, petition, If_Match=f'W/"v{petition.version}"')
    assert weak.status_code == 200


def test_a_change_in_between_is_seen_under_the_lock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition = stage.at(S.SUBMITTED)
    spec = SPEC_OF[Verb.DECLINE]

    def accept_first(**arguments: Any) -> Any:
        handling.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
        assert spec.function is not None
        return spec.function(**arguments)

    with_change = dataclasses.replace(spec, function=accept_first)
    view = resolve("/api/v1/petitions/1/decline/").func
    monkeypatch.setitem(view.view_initkwargs, "spec", with_change)  # type: ignore[attr-defined]
    answer = Program(stage.cast["clerk"]).act(petition.pk, "decline", REASON, 1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")


def test_writes_are_rate_limited(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_outcome_is_returned_as_sent(stage: Stage) -> None:
    petition = stage.at(S.IN_PROGRESS)
    body = RESOLVE | {"outcome": str(Outcome.PARTLY)}
    answer = Program(stage.cast["secretary"]).act(petition.pk, "resolve", body, petition.version)
    assert answer.json()["outcome"] == "partly"
