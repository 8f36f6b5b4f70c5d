"""A request with an idempotency key is performed once, and the answer says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from petitions.workflow import idempotency
from petitions.workflow.idempotency import IdempotencyRequest, KeyReused, perform_once
from tests.support.cast import Stage

NOW = timezone.now()


def test_only_the_first_of_two_requests_is_performed(stage: Stage) -> None:
    case_id = stage.file().petition.pk
    performed = []

    def perform() -> tuple[int, str]:
        performed.append(case_id)
        return case_id, '{"number": 1}'

    request = IdempotencyRequest(client="program:1", key="key-1", request_hash="a" * 64)
    first, second = (perform_once(request, perform, now=NOW) for _time in range(2))
    assert performed == [case_id]
    assert (first.is_repeat, second.is_repeat) == (False, True)
    another = IdempotencyRequest(client="program:1", key="key-1", request_hash="b" * 64)
    with pytest.raises(KeyReused):
        perform_once(another, perform, now=NOW)


def test_report_without_a_key_has_an_empty_answer(stage: Stage) -> None:
    submitted = stage.file()
    assert (submitted.answer, submitted.is_repeat) == ({}, False)


@pytest.mark.django_db
def test_a_key_that_was_deleted_after_the_look_is_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    look = SimpleNamespace(rows=lambda *_key: [(True,)])
    monkeypatch.setattr(idempotency, "_LOOK", look)
    request = IdempotencyRequest(client="program:1", key="key-1", request_hash="a" * 64)
    assert idempotency.find(request) is None
