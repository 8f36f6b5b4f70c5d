"""Measures whether what is out of one's area takes longer to refuse than what never was.

Run by `make matrix`; a file of its own, so that `make test` times nothing. Two hundred pairs at
each door, the order turning, over ten thousand cases; at most three milliseconds in the median.
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
from tests.support.access_fixtures import Visitor, World, build
from tests.support.access_matrix import NOBODY
from tests.support.bulk_cases import grow
from tests.support.cast import Stage
from tests.support.run_report import Say

stage = conftest.stage
PAIRS, CASES = 200, 10_000
MOST = 3.0  # milliseconds


@pytest.fixture
def world(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(WriteThrottle, "allow_request", lambda *_args: True)
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    made = build(stage)
    grow(CASES)
    return made


def _doors(world: World) -> Iterator[tuple[str, str, str, str]]:
    """Yield method and two addresses at each door: out of the area, and never there."""
    hidden, photo = world.cases["foreign"].pk, world.photos["foreign"].uuid
    place, body = world.stage.town.areas["b1"].pk, world.stage.town.orgs["other"].pk
    for method, address in (
        ("GET", "/petitions/{}/"),
        ("GET", "/petitions/{}/print/"),
        ("POST", "/petitions/{}/accept/"),
        ("GET", "/petitions/{}/reveal/"),
        ("GET", "/api/v1/petitions/{}/"),
        ("POST", "/api/v1/petitions/{}/note/"),
    ):
        yield method, address, address.format(hidden), address.format(NOBODY)
    yield "GET", "/photos/{}/thumb/", f"/photos/{photo}/thumb/", f"/photos/{uuid.uuid4()}/thumb/"
    yield "GET", "/places/{}/", f"/places/{place}/", f"/places/{NOBODY}/"
    yield "GET", "/organisations/{}/", f"/organisations/{body}/", f"/organisations/{NOBODY}/"


def _milliseconds(who: Visitor, method: str, url: str) -> float:
    began = time.perf_counter()
    answer: Any = who.ask(method, url)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 404, url
    return took


def test_out_of_area_takes_no_longer_than_never_there(world: World, say: Say) -> None:
    who, worst = world.visitors["secretary"], 0.0
    for method, address, hidden, never in _doors(world):
        urls = (hidden, never)
        times: tuple[list[float], list[float]] = ([], [])
        _milliseconds(who, method, hidden), _milliseconds(who, method, never)
        for turn in range(PAIRS):
            for which in (0, 1) if turn % 2 else (1, 0):
                times[which].append(_milliseconds(who, method, urls[which]))
        between = median(a - b for a, b in zip(*times, strict=True))
        worst = max(worst, abs(between))
        both = f"{median(times[0]):6.2f} / {median(times[1]):6.2f} ms"
        say(f"{method:4} {address:32} {both}, difference {between:+.3f} ms")
    say(f"{PAIRS} pairs a door; largest median difference {worst:.3f} ms (bound {MOST})")
    assert worst <= MOST
