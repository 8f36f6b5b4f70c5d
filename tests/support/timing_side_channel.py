"""Timing side channel: refusing a hidden object must take as long as refusing an unknown id.

Run by `make matrix`; a separate file, so that `make test` measures no times. Two hundred pairs for
each route in alternating order, with ten thousand cases; at most three milliseconds median
difference.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest

from petitions.api.throttling import WriteThrottle
from tests.petitions import conftest
from tests.support.access_fixtures import AccessFixtures, Visitor, build
from tests.support.access_matrix import UNKNOWN_ID
from tests.support.bulk_cases import multiply_cases
from tests.support.cast import Stage
from tests.support.run_report import ReportFigure

stage = conftest.stage
PAIRS, CASES = 200, 10_000
MOST = 3.0  # milliseconds


@pytest.fixture
def fixtures(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AccessFixtures:
    monkeypatch.setattr(WriteThrottle, "allow_request", lambda *_args: True)
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    access = build(stage)
    multiply_cases(CASES)
    return access


def _routes(fixtures: AccessFixtures) -> Iterator[tuple[str, str, str, str]]:
    """Yield method, pattern, the URL of a hidden object and that of an unknown one."""
    hidden, photo = fixtures.cases["foreign"].pk, fixtures.photos["foreign"].uuid
    place, body = fixtures.stage.town.areas["b1"].pk, fixtures.stage.town.orgs["other"].pk
    for method, address in (
        ("GET", "/petitions/{}/"),
        ("GET", "/petitions/{}/print/"),
        ("POST", "/petitions/{}/accept/"),
        ("GET", "/petitions/{}/reveal/"),
        ("GET", "/api/v1/petitions/{}/"),
        ("POST", "/api/v1/petitions/{}/note/"),
    ):
        yield method, address, address.format(hidden), address.format(UNKNOWN_ID)
    yield "GET", "/photos/{}/thumb/", f"/photos/{photo}/thumb/", f"/photos/{uuid.uuid4()}/thumb/"
    yield "GET", "/places/{}/", f"/places/{place}/", f"/places/{UNKNOWN_ID}/"
    yield "GET", "/organisations/{}/", f"/organisations/{body}/", f"/organisations/{UNKNOWN_ID}/"


def _milliseconds(visitor: Visitor, method: str, url: str) -> float:
    began = time.perf_counter()
    answer: Any = visitor.ask(method, url)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 404, url
    return took


def test_hidden_object_is_refused_as_fast_as_an_unknown_one(
    fixtures: AccessFixtures, report_figure: ReportFigure
) -> None:
    visitor, worst = fixtures.visitors["secretary"], 0.0
    for method, address, hidden, never in _routes(fixtures):
        urls = (hidden, never)
        times: tuple[list[float], list[float]] = ([], [])
        _milliseconds(visitor, method, hidden), _milliseconds(visitor, method, never)
        for turn in range(PAIRS):
            for which in (0, 1) if turn % 2 else (1, 0):
                times[which].append(_milliseconds(visitor, method, urls[which]))
        difference = median(a - b for a, b in zip(*times, strict=True))
        worst = max(worst, abs(difference))
        both = f"{median(times[0]):6.2f} / {median(times[1]):6.2f} ms"
        report_figure(f"{method:4} {address:32} {both}, difference {difference:+.3f} ms")
    report_figure(f"{PAIRS} pairs a route; largest median difference {worst:.3f} ms (bound {MOST})")
    assert worst <= MOST
