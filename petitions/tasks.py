"""The way out of the workflow: tell people about events. By id, safe to repeat.

Hints to the broker are carried by a messenger of each process, who gathers what comes within a
moment: nobody who files waits for a broker, and a busy second sends a few messages, not hundreds.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence

from celery import shared_task
from kombu.exceptions import OperationalError

from petitions.notices import outbox

logger = logging.getLogger(__name__)

MAX_BATCH = 50  # one wake-up names no more: several workers share what many limits left
BATCH_WINDOW = 0.2  # seconds in which more hints may come to travel together
BROKER_RETRY_DELAY = 10.0  # seconds in which a broker that did not answer is not asked again
_paused_until = 0.0


@shared_task(name="petitions.tasks.publish_events")
def publish_events(event_ids: list[int]) -> None:
    """Tell everybody concerned about these events; their outbox rows say what is done.

    One that cannot go through holds up no other; it stays in the outbox for a later turn.
    """
    outbox.publish(event_ids)


class WakeupPublisher:
    """Carries what it is given by a thread of its own, which begins with the first of it.

    What a process takes with it when it ends is in the outbox still, and found there.
    """

    _lock: threading.Lock
    _given: queue.Queue[Sequence[int]]
    _thread: threading.Thread | None

    def __init__(self, publish: Callable[[Sequence[int]], None]) -> None:
        self._publish = publish
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)  # the thread stays with the parent

    def enqueue(self, event_ids: Sequence[int]) -> None:
        """Take the ids of events, without waiting for anything; it never fails whoever files."""
        try:
            with self._lock:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, args=[self._given], daemon=True)
                    thread.start()
                    self._thread = thread
        except RuntimeError:  # no thread to be had; the next to give tries again
            logger.exception("wakeup_thread_failed")
        self._given.put(event_ids)

    def join(self) -> None:
        """Wait until everything given has been carried."""
        if self._thread is not None:
            self._given.join()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._given = queue.Queue()
        self._thread = None

    def _run(self, given: queue.Queue[Sequence[int]]) -> None:
        while True:
            bundles = [given.get()]
            time.sleep(BATCH_WINDOW)
            while not given.empty():  # nobody else takes from it
                bundles.append(given.get())
            try:
                self._publish([pk for bundle in bundles for pk in bundle])
            except Exception:
                logger.exception("wakeup_failed")
            for _bundle in bundles:
                given.task_done()


def send_wakeups(event_ids: Sequence[int]) -> None:
    """Put the hint into the broker. One that is away only makes it later."""
    global _paused_until  # noqa: PLW0603 - one broker for the whole process
    if time.monotonic() < _paused_until:
        return
    try:
        for first in range(0, len(event_ids), MAX_BATCH):
            publish_events.apply_async((list(event_ids[first : first + MAX_BATCH]),), retry=False)
    except OperationalError:
        _paused_until = time.monotonic() + BROKER_RETRY_DELAY
        logger.warning("broker_unavailable", extra={"events": len(event_ids)})


wakeup_publisher = WakeupPublisher(send_wakeups)


def notify_workers(event_ids: Sequence[int]) -> None:
    """Hint that events wait in the outbox; returns at once."""
    wakeup_publisher.enqueue(event_ids)
