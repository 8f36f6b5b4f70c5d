"""A verb with an idempotency key: performed once, and a repeat is answered the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from petitions.enums import Status, Verb
from petitions.models import Event, IdempotencyKey, Note, Petition
from petitions.rules import photos
from petitions.workflow import idempotency
from petitions.workflow.idempotency import IdempotencyRequest
from tests.petitions.api.test_api_idempotency import picture
from tests.support.api_client import PROBLEM, Program, statements, upload, watching
from tests.support.cast import Stage

KEY = "retry-0001"
NOTE = {"body": "已电话联系物业。"}
VERB_QUERIES = 3  # more than without a key: lock and look, the key's row, its savepoint's end
NOW = timezone.now()


def _send(program: Program, petition: Petition, verb: str, body: Any, **headers: str) -> Any:
    return program.post(f"/petitions/{petition.pk}/{verb}/", body, **headers)


def test_a_repeat_is_answered_the_same_to_the_byte(stage: Stage) -> None:
    petition, program = stage.at(Status.SUBMITTED), Program(stage.cast["secretary"])
    headers = {"If_Match": '"v1"', "Idempotency_Key": KEY}
    first = _send(program, petition, "accept", None, **headers)
    _send(program, petition, "note", NOTE)
    again = _send(program, petition, "accept", None, **headers)
    assert first.status_code == again.status_code == 200, again.content.decode()
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"] == '"v2"'
    assert Event.objects.filter(petition=petition, verb=Verb.ACCEPT).count() == 1


def test_a_note_is_written_once(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    for _again in range(2):
        answer = _send(program, petition, "note", NOTE, Idempotency_Key=KEY)
        assert answer.status_code == 200
    assert Note.objects.filter(petition=petition, body=NOTE["body"]).count() == 1


def test_photos_are_added_once(stage: Stage, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    before = petition.photos.count()
    path = f"/petitions/{petition.pk}/photo/"
    for _again in range(2):
        answer = program.send(path, {"photos": upload(picture())}, Idempotency_Key=KEY)
        assert answer.status_code == 200, answer.content.decode()
    assert petition.photos.count() == before + 1
    assert Event.objects.filter(petition=petition, verb=Verb.PHOTO).count() == 1


def test_photos_are_cleaned_once_and_before_the_key_is_locked(
    stage: Stage, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path
    calls: list[str] = []
    for module, function in ((photos, "store"), (idempotency, "lock")):
        original = getattr(module, function)

        def recorded(argument: Any, name: str = function, call: Any = original) -> Any:
            calls.append(name)
            return call(argument)

        monkeypatch.setattr(module, function, recorded)
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    for _again in range(2):
        path = f"/petitions/{petition.pk}/photo/"
        answer = program.send(path, {"photos": upload(picture())}, Idempotency_Key=KEY)
        assert answer.status_code == 200, answer.content.decode()
    assert calls == ["store", "lock", "lock"]


@pytest.mark.parametrize(
    ("verb", "body"), [("note", {"body": "另一句话"}), ("decline", {"reason": NOTE["body"]})]
)
def test_another_request_with_the_key_is_refused(stage: Stage, verb: str, body: Any) -> None:
    petition, program = stage.at(Status.SUBMITTED), Program(stage.cast["secretary"])
    _send(program, petition, "note", NOTE, Idempotency_Key=KEY)
    answer = _send(program, petition, verb, body, Idempotency_Key=KEY, If_Match='"v2"')
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert answer.headers["Content-Type"] == PROBLEM


def test_a_report_that_imitates_a_verb_is_another_request(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    first = _send(program, petition, "note", NOTE, Idempotency_Key=KEY)
    body = {"path": first.request["PATH_INFO"], "data": NOTE}
    for content in (body, NOTE):
        answer = program.post("/petitions/", content, Idempotency_Key=KEY)
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_a_repeat_does_not_show_a_case_that_the_caller_lost(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    first = _send(program, petition, "note", NOTE, Idempotency_Key=KEY).json()
    Petition.objects.filter(pk=petition.pk).update(is_sealed=True)
    again = _send(program, petition, "note", NOTE, Idempotency_Key=KEY)
    assert again.status_code == 200
    assert again.json() == {name: first[name] for name in ("id", "number", "version")}
    assert again.headers["ETag"] == f'"v{first["version"]}"'
    fresh = _send(program, petition, "note", NOTE, Idempotency_Key="retry-0002")
    assert fresh.status_code == 404


def test_the_key_of_somebody_else_is_another_key(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    for name in ("secretary", "clerk"):
        answer = _send(Program(stage.cast[name]), petition, "note", NOTE, Idempotency_Key=KEY)
        assert answer.status_code == 200
    assert IdempotencyKey.objects.filter(key=KEY).count() == 2


def test_a_refused_verb_leaves_its_key_free(stage: Stage) -> None:
    petition, program = stage.at(Status.SUBMITTED), Program(stage.cast["secretary"])
    stale = _send(program, petition, "accept", None, If_Match='"v9"', Idempotency_Key=KEY)
    assert stale.status_code == 412
    answer = _send(program, petition, "accept", None, If_Match='"v1"', Idempotency_Key=KEY)
    assert answer.status_code == 200


def test_an_invalid_key_is_refused(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    assert _send(program, petition, "note", NOTE, Idempotency_Key="short").status_code == 400


def test_an_opened_contact_is_stored_nowhere_else(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    body = {"reason": "约定上门时间"}
    answers = [_send(program, petition, "reveal", body, Idempotency_Key=KEY) for _one in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not IdempotencyKey.objects.filter(key=KEY).exists()
    assert Event.objects.filter(petition=petition, verb=Verb.REVEAL).count() == 2


def test_a_key_costs_few_statements(stage: Stage) -> None:
    petition, program = stage.at(Status.ACCEPTED), Program(stage.cast["secretary"])
    costs = []
    for headers in ({}, {"Idempotency_Key": KEY}, {"Idempotency_Key": "retry-0002"}):
        with watching() as caught:
            _send(program, petition, "note", NOTE, **headers)
        costs.append(len(statements(caught)))
    assert costs[2] <= costs[0] + VERB_QUERIES, costs


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_repeat_is_told_to_wait(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    request = IdempotencyRequest("user:1", KEY, "same")

    def attempt() -> str:
        try:
            return idempotency.perform_once(request, lambda: (petition.pk, "2"), now=NOW).json
        except idempotency.InProgress:
            return "wait"
        finally:
            connection.close()

    def perform() -> tuple[int, str]:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(attempt).result() == "wait"
        return petition.pk, "1"

    assert idempotency.perform_once(request, perform, now=NOW).json == "1"
    assert attempt() == "1"
