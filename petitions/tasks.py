"""The way out of the workflow: tell people about events. By id, safe to repeat."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from celery import shared_task
from kombu.exceptions import OperationalError

from petitions import announcements

logger = logging.getLogger(__name__)

AT_ONCE = 50  # one wake-up names no more: several workers share what many limits left
PAUSE = 10.0  # seconds in which a broker that did not answer is not asked again
_paused_until = 0.0


@shared_task(name="petitions.tasks.announce")
def announce(event_ids: list[int]) -> None:
    """Tell everybody concerned about these events; their outbox rows say what is done.

    One that cannot go through holds up no other; it stays in the outbox for a later turn.
    """
    announcements.announce(event_ids)


def wake(event_ids: Sequence[int]) -> None:
    """Hint that events wait in the outbox. A broker that is away only makes it later."""
    global _paused_until  # noqa: PLW0603 - one broker for the whole process
    if time.monotonic() < _paused_until:
        return  # whoever files must not wait for it once more
    try:
        for first in range(0, len(event_ids), AT_ONCE):
            announce.apply_async((list(event_ids[first : first + AT_ONCE]),), retry=False)
    except OperationalError:
        _paused_until = time.monotonic() + PAUSE
        logger.warning("broker_away", extra={"events": len(event_ids)})
