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

from petitions import announcements

logger = logging.getLogger(__name__)

AT_ONCE = 50  # one wake-up names no more: several workers share what many limits left
GATHER = 0.2  # seconds in which more hints may come to travel together
PAUSE = 10.0  # seconds in which a broker that did not answer is not asked again
_paused_until = 0.0


@shared_task(name="petitions.tasks.announce")
def announce(event_ids: list[int]) -> None:
    """Tell everybody concerned about these events; their outbox rows say what is done.

    One that cannot go through holds up no other; it stays in the outbox for a later turn.
    """
    announcements.announce(event_ids)


class Messenger:
    """Carries what it is given by a thread of its own, which begins with the first of it.

    What a process takes with it when it ends is in the outbox still, and found there.
    """

    _lock: threading.Lock
    _given: queue.Queue[Sequence[int]]
    _thread: threading.Thread | None

    def __init__(self, carry: Callable[[Sequence[int]], None]) -> None:
        self._carry = carry
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)  # the thread stays with the parent

    def give(self, event_ids: Sequence[int]) -> None:
        """Take the ids of events, without waiting for anything; it never fails whoever files."""
        try:
            with self._lock:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, args=[self._given], daemon=True)
                    thread.start()
                    self._thread = thread
        except RuntimeError:  # no thread to be had; the next to give tries again
            logger.exception("no_messenger")
        self._given.put(event_ids)

    def rest(self) -> None:
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
            time.sleep(GATHER)
            while not given.empty():  # nobody else takes from it
                bundles.append(given.get())
            try:
                self._carry([pk for bundle in bundles for pk in bundle])
            except Exception:
                logger.exception("wake_up_lost")
            for _bundle in bundles:
                given.task_done()


def carry(event_ids: Sequence[int]) -> None:
    """Put the hint into the broker. One that is away only makes it later."""
    global _paused_until  # noqa: PLW0603 - one broker for the whole process
    if time.monotonic() < _paused_until:
        return
    try:
        for first in range(0, len(event_ids), AT_ONCE):
            announce.apply_async((list(event_ids[first : first + AT_ONCE]),), retry=False)
    except OperationalError:
        _paused_until = time.monotonic() + PAUSE
        logger.warning("broker_away", extra={"events": len(event_ids)})


messenger = Messenger(carry)


def wake(event_ids: Sequence[int]) -> None:
    """Hint that events wait in the outbox; returns at once."""
    messenger.give(event_ids)
