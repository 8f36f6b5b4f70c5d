"""Workers are woken by a clock that nobody can set."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from config.celery import app
from config.lib.celery import scheduler
from config.lib.celery.scheduler import MonotonicScheduler


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def keep(_self: MonotonicScheduler, entry: Any, producer: Any = None) -> None:
        found.append(entry.task)

    monkeypatch.setattr(MonotonicScheduler, "apply_entry", keep)
    monkeypatch.setattr(MonotonicScheduler, "producer", None)
    return found


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds since the machine was started, to be added to."""
    seconds = [1000.0]
    monkeypatch.setattr(scheduler.time, "monotonic", lambda: seconds[0])
    return seconds


def test_everybody_is_woken_at_the_start(sent: list[str], passing: list[float]) -> None:
    MonotonicScheduler(app).tick()
    assert sorted(sent) == sorted(entry["task"] for entry in app.conf.beat_schedule.values())


def test_a_wake_up_comes_again_in_its_turn(sent: list[str], passing: list[float]) -> None:
    table = MonotonicScheduler(app)
    table.tick()
    sent.clear()
    wait = table.tick()
    assert sent == []
    assert wait == min(entry["schedule"] for entry in app.conf.beat_schedule.values())
    passing[0] += wait
    table.tick()
    assert sent == ["petitions.ops.scheduled_tasks.sweep_deadlines"]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_changes_nothing(
    sent: list[str], passing: list[float], days: int
) -> None:
    table = MonotonicScheduler(app)
    table.tick()
    sent.clear()
    passing[0] += 2
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=days)):
        table.tick()
    assert sent == ["petitions.ops.scheduled_tasks.sweep_deadlines"]
