"""Requests generated from the description: no answer is a failure, and none is undescribed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as effort
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from petitions.enums import Status
from petitions.models import Petition
from tests.support.api_client import Program
from tests.support.cast import Stage

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STATES = (Status.SUBMITTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))  # of each operation
FOREVER = {"api-file": None, "api-write": None}


@pytest.fixture
def _one_connection(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> Iterator[None]:
    """Keep the test's connection: outside a test it would be closed with each request."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("petitions.api.throttling.WriteThrottle.THROTTLE_RATES", FOREVER)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    cache.clear()


@pytest.mark.slow
@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize(
    ("name", "mode"),
    [("secretary", GenerationMode.POSITIVE), ("clerk", GenerationMode.NEGATIVE)],
    ids=["well formed", "malformed"],
)
def test_every_response_is_described(stage: Stage, name: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    program = Program(stage.cast[name])
    cases = [stage.at(status).pk for status in STATES]
    failed: list[str] = []
    for found in schema.get_all_operations():
        try:
            _explore(found.ok(), program, cases, mode, stage.town.building.pk)
        except FailureGroup as error:  # all operations are tried, then all are told
            failed.append(f"{found.ok().label}: {error}")
    assert not failed, "\n\n".join(failed)


def _explore(
    operation: Any, program: Program, cases: list[int], mode: GenerationMode, place: int
) -> None:
    """Try one operation on existing cases with their present version, as a client would."""

    @seed(20261123)
    @given(case=operation.as_strategy(generation_mode=mode))
    @effort(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        headers = dict(program.headers)
        if "id" in (case.path_parameters or {}) and (chosen := len(str(case.body)) % 7) < len(
            cases
        ):
            case.path_parameters["id"] = cases[chosen]
            headers["If-Match"] = f'"v{Petition.objects.get(pk=cases[chosen]).version}"'
        if isinstance(case.body, dict) and isinstance(case.body.get("category"), str):
            case.body.pop("place_code", None)
            case.body |= {"place": place, "category": "WS01"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    attempt()
