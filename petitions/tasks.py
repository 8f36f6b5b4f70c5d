"""The way out of the workflow: tell people about an event. By id, safe to repeat."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from petitions import notifications

logger = logging.getLogger(__name__)


@shared_task(name="petitions.tasks.announce")
def announce(event_id: int) -> None:
    """Tell everybody concerned about one event; the outbox row says whether it is done."""
    notifications.announce(event_id)


def wake(event_id: int) -> None:
    """Hint that an event waits in the outbox. A broker that is away only makes it later."""
    try:
        announce.apply_async((event_id,), retry=False)
    except OperationalError:
        logger.warning("broker_away", extra={"event_id": event_id})
