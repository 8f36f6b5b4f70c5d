"""A broker that is away is asked once in a while; whoever files does not wait for it each time."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from petitions import tasks


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let the broker be away, and note who was to be woken."""
    found: list[list[int]] = []
    tasks.wakeup_publisher.join()  # what an earlier test gave is none of this one's

    def away(args: tuple[list[int]], **_how: Any) -> None:
        found.extend(args)
        raise OperationalError("away")

    monkeypatch.setattr(tasks.publish_events, "apply_async", away)
    monkeypatch.setattr(tasks, "_paused_until", 0.0)
    return found


def test_a_broker_that_is_away_is_left_alone_for_a_while(
    asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [100.0]
    monkeypatch.setattr(tasks.time, "monotonic", lambda: seconds[0])
    tasks.send_wakeups([1])
    tasks.send_wakeups([2])
    assert asked == [[1]]
    seconds[0] += tasks.BROKER_RETRY_DELAY + 1
    tasks.send_wakeups([3])
    assert asked == [[1], [3]]


def test_a_broker_that_answers_is_asked_each_time(
    asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        tasks.publish_events, "apply_async", lambda args, **_how: asked.extend(args)
    )
    tasks.send_wakeups([1])
    tasks.send_wakeups([2])
    assert asked == [[1], [2]]


def test_whoever_wakes_waits_for_nobody_and_hints_travel_together() -> None:
    """A broker that hangs holds up no request; what comes meanwhile goes in one message."""
    let_go, carried = threading.Event(), []

    def carry(ids: Sequence[int]) -> None:
        let_go.wait(10)
        carried.append(sorted(ids))

    messenger = tasks.WakeupPublisher(carry)
    messenger.enqueue([1])
    while messenger._queue.qsize():
        time.sleep(0.001)  # the messenger is under way with the first
    time.sleep(2 * tasks.BATCH_WINDOW)
    for pk in range(2, 40):
        messenger.enqueue([pk])
    assert not carried
    let_go.set()
    messenger.join()
    assert carried == [[1], list(range(2, 40))]


def test_many_who_begin_at_once_get_one_messenger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads of a web process that file its first reports together; none of them fails."""
    monkeypatch.setattr(tasks, "BATCH_WINDOW", 0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _again in range(30):
            _give_together()
    finally:
        sys.setswitchinterval(interval)


def _give_together() -> None:
    carried: list[int] = []
    messenger = tasks.WakeupPublisher(carried.extend)
    together, begun = threading.Barrier(4), threading.active_count()

    def give(pk: int) -> None:
        together.wait(10)
        messenger.enqueue([pk])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give, range(4)))
    messenger.join()
    assert sorted(carried) == [0, 1, 2, 3]
    assert threading.active_count() == begun + 1


def test_a_messenger_survives_what_goes_wrong() -> None:
    carried = []

    def carry(ids: Sequence[int]) -> None:
        if 1 in ids:
            raise RuntimeError("an error of the broker's client")
        carried.append(list(ids))

    messenger = tasks.WakeupPublisher(carry)
    messenger.enqueue([1])
    messenger.join()
    messenger.enqueue([2])
    messenger.join()
    assert carried == [[2]]


def test_a_forked_process_has_a_messenger_of_its_own() -> None:
    carried = multiprocessing.get_context("fork").SimpleQueue()
    messenger = tasks.WakeupPublisher(lambda ids: carried.put(list(ids)))
    messenger.enqueue([1])
    messenger.join()

    def child() -> None:
        messenger.enqueue([2])
        messenger.join()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(20)
    assert process.exitcode == 0
    assert [carried.get(), carried.get()] == [[1], [2]]
