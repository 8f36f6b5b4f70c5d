"""A broker that is away is asked once in a while; whoever files does not wait for it each time."""

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from petitions import tasks


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let the broker be away, and note who was to be woken."""
    found: list[list[int]] = []

    def away(args: tuple[list[int]], **_how: Any) -> None:
        found.extend(args)
        raise OperationalError("away")

    monkeypatch.setattr(tasks.announce, "apply_async", away)
    monkeypatch.setattr(tasks, "_paused_until", 0.0)
    return found


def test_a_broker_that_is_away_is_left_alone_for_a_while(
    asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [100.0]
    monkeypatch.setattr(tasks.time, "monotonic", lambda: seconds[0])
    tasks.wake([1])
    tasks.wake([2])
    assert asked == [[1]]
    seconds[0] += tasks.PAUSE + 1
    tasks.wake([3])
    assert asked == [[1], [3]]


def test_a_broker_that_answers_is_asked_each_time(
    asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.announce, "apply_async", lambda args, **_how: asked.extend(args))
    tasks.wake([1])
    tasks.wake([2])
    assert asked == [[1], [2]]
