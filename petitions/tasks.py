"""Celery tasks of the workflow: publish events by id; safe to repeat.

A background thread per process batches wake-up messages to Celery (200 ms window), so a request
never waits for the broker. The outbox rows hold the work; a lost message only delays it.

Bar: filing by API with eight clients at least 3 times django-helpdesk's; sending in the request
costs 20-37 % of that throughput. Delete the thread when the broker client sends asynchronously.
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

MAX_BATCH = 50  # event ids of one message, so that several workers share a large batch
BATCH_WINDOW = 0.2  # seconds in which ids are collected for one message
BROKER_RETRY_DELAY = 10.0  # seconds without messages after the broker did not answer
_paused_until = 0.0


@shared_task(name="petitions.tasks.publish_events")
def publish_events(event_ids: list[int]) -> None:
    """Publish these events; skip those whose outbox row is done.

    An event that fails does not block the others; it stays in the outbox and is retried.
    """
    outbox.publish(event_ids)


class WakeupPublisher:
    """Sends wake-up messages from a background thread, started on first use.

    Ids lost when the process ends are still in the outbox, where the schedule finds them.
    """

    _lock: threading.Lock
    _queue: queue.Queue[Sequence[int]]
    _thread: threading.Thread | None

    def __init__(self, publish: Callable[[Sequence[int]], None]) -> None:
        self._publish = publish
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # a fork does not copy the thread

    def enqueue(self, event_ids: Sequence[int]) -> None:
        """Queue the ids of events; never blocks and never raises."""
        try:
            with self._lock:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, args=[self._queue], daemon=True)
                    thread.start()
                    self._thread = thread
        except RuntimeError:  # no thread could be started; the next call tries again
            logger.exception("wakeup_thread_failed")
        self._queue.put(event_ids)

    def join(self) -> None:
        """Wait until every queued id has been sent."""
        if self._thread is not None:
            self._queue.join()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._queue = queue.Queue()
        self._thread = None

    def _run(self, pending: queue.Queue[Sequence[int]]) -> None:
        while True:
            batches = [pending.get()]
            time.sleep(BATCH_WINDOW)
            while not pending.empty():  # this thread is the only consumer
                batches.append(pending.get())
            try:
                self._publish([pk for batch in batches for pk in batch])
            except Exception:
                logger.exception("wakeup_failed")
            for _batch in batches:
                pending.task_done()


def send_wakeups(event_ids: Sequence[int]) -> None:
    """Send event ids to the broker; if it is unavailable, pause sending for ten seconds."""
    global _paused_until  # noqa: PLW0603 - one broker per process
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
    """Tell the workers that events wait in the outbox; returns at once."""
    wakeup_publisher.enqueue(event_ids)
