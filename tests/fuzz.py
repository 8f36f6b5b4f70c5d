"""API fuzzing: thousands of requests that Schemathesis generates from the OpenAPI description.

Run by `make fuzz`: examples, coverage, fuzzing and stateful phases with five callers, against
gunicorn and cases in every status. No request may fail, and the description must cover status,
content type, headers and body of every response. The seed is fixed and run times are limited.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.db import connection
from knox.models import AuthToken
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from petitions.enums import Status
from petitions.models import Petition
from tests.support.cast import PATHS, Stage, build_cast, build_town
from tests.support.polling_clients import Server, gunicorn

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS = ("clerk", "secretary", "official", "partner", None)
SEED = 20261123
SECONDS = {None: 40}  # a caller's run ends by itself after so many, the others' after LONGEST
LONGEST = 150
EXAMPLES = 25  # of each operation in the fuzzing phase
LEAST = 1250  # requests of each account, 5,000 in all
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)
ANYWHERE = 3  # of so many requests about a case one goes where the generator wants


@pytest.fixture
def stage() -> Stage:
    town = build_town()
    return Stage(town, build_cast(town))


@pytest.fixture
def server(stage: Stage, tmp_path: Path) -> Iterator[Server]:
    with gunicorn(tmp_path) as running:
        yield running


@dataclass
class RunResult:
    """The result of one caller's run."""

    requests: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: dict[str, int] = field(default_factory=dict)
    phases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def note(self, event: Any) -> None:
        """Record an event of the run."""
        if isinstance(event, events.ScenarioFinished):
            for interaction in event.recorder.interactions.values():
                self.requests += 1
                self.phases[event.phase.value] += 1
                self.ended[event.phase.value] = round(time.monotonic() - self.began)
                self.statuses[interaction.response.status_code if interaction.response else 0] += 1
            for label, nodes in event.recorder.checks.items():
                for node in nodes:
                    if node.failure_info is not None:
                        failure = node.failure_info.failure
                        where = event.recorder.label
                        self.failures[f"{where}: {failure.title}: {failure.message[:300]}"] += 1
                        self.errors.append(f"{label} {node.failure_info.code_sample[:600]}")
        elif isinstance(event, events.NonFatalError | events.FatalError):
            self.errors.append(str(getattr(event, "value", getattr(event, "exception", ""))))


def _config(server: Server, headers: dict[str, str], seconds: int) -> SchemathesisConfig:
    checks: dict[str, Any] = {"enabled": False} | {name: {"enabled": True} for name in CHECKS}
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "max-time": seconds,
            "base-url": f"http://{server.at}",
            "headers": headers,
            "continue-on-failure": True,
            "request-timeout": 20,
            "checks": checks,
            "generation": {"max-examples": EXAMPLES, "no-shrink": True, "database": "none"},
        }
    )


@pytest.fixture
def aimed(stage: Stage) -> Iterator[list[int]]:
    """Direct most requests to existing cases with their current version."""
    cases = [stage.at(status).pk for status in PATHS for _i in range(3)]
    turns, lock = itertools.count(), threading.Lock()

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        if isinstance(case.body, dict) and isinstance(case.body.get("category"), str):
            case.body.pop("place_code", None)
            case.body |= {"place": stage.town.building.pk, "category": "WS01"}
            case.body.pop("about", None)
        if "id" not in (case.path_parameters or {}) or "/petitions/" not in case.operation.path:
            return
        with lock:
            turn = next(turns)
        if turn % ANYWHERE == 0:
            return
        chosen = cases[turn % len(cases)]
        case.path_parameters["id"] = chosen
        version = Petition.objects.values_list("version", flat=True).get(pk=chosen)
        connection.close()  # each thread of the run has one of its own
        case.headers = dict(case.headers or {}) | {"If-Match": f'"v{version}"'}

    schemathesis.hook(before_call)
    yield cases
    schemathesis.hooks.unregister(before_call)


@pytest.mark.parametrize("name", CALLERS, ids=lambda name: name or "nobody")
def test_every_response_is_described(
    stage: Stage,
    server: Server,
    aimed: list[int],
    name: str | None,
    tmp_path: Path,
) -> None:
    logging.getLogger("request").setLevel(logging.ERROR)  # this run has no other test
    headers, seconds = {}, SECONDS.get(name, LONGEST)
    if name is not None:
        _row, token = AuthToken.objects.create(user=stage.cast[name])
        headers["Authorization"] = f"Bearer {token}"
    file = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(file))
    schema = schemathesis.openapi.from_path(file, config=_config(server, headers, seconds))
    assert aimed
    result = RunResult()
    for event in from_schema(schema).execute():
        result.note(event)
    print(f"\n{name or 'nobody'}: {result.requests} requests, {dict(result.phases)}")
    print(f"  seconds at the end of each phase {result.ended}")
    print(f"  statuses {dict(sorted(result.statuses.items()))}")
    for failure, number in result.failures.most_common():
        print(f"  {number} x {failure}")
    for error in result.errors[:12]:
        print(f"  {error}")
    assert result.failures == Counter()
    assert result.requests >= LEAST or name is None
    assert Petition.objects.filter(status=Status.SUBMITTED).exists()
