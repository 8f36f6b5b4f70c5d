"""Worker of a delivery queue: claim a batch, send each message, record how it ended."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from config.lib.db import delivery_queue
from config.lib.db.delivery_queue import DeliveryQueueQuerySet, QueuedMessage

log = structlog.get_logger("delivery")

BATCH = 100
SECONDS_TO_SEND = 200.0  # well within the task's time limit and the lease

Message = TypeVar("Message", bound=QueuedMessage)


def deliver_batch(
    queue: DeliveryQueueQuerySet[Message],
    send: Callable[[Message, dt.datetime], bool],
    *,
    now: Callable[[], dt.datetime],
) -> int:
    """Send at most `BATCH` due messages, outside every transaction; return how many were sent.

    `send` returns False if nothing is left to send, and raises if the message could not be
    handed over. A worker that dies between sending and recording may send one message twice;
    none is lost. If the time limit of the task interrupts a message, its attempt has failed, the
    rest of the batch is released, and `SoftTimeLimitExceeded` is raised.
    """
    messages = delivery_queue.claim(queue, now=now(), limit=BATCH)
    ends = time.monotonic() + SECONDS_TO_SEND
    sent = 0
    for position, message in enumerate(messages):
        if time.monotonic() > ends:
            delivery_queue.release(messages[position:])
            break
        try:
            sent += _deliver(message, send, now())
        except SoftTimeLimitExceeded:
            delivery_queue.release(messages[position + 1 :])
            raise
    return sent


def _deliver(
    message: Message, send: Callable[[Message, dt.datetime], bool], now: dt.datetime
) -> bool:
    delivery_queue.start_attempt(message)
    try:
        is_sent = send(message, now)
    except Exception as error:  # a gateway may raise anything
        # Without the message of the error: it could contain an address.
        names = {"queue": type(message).__name__, "row": message.pk}
        log.warning("delivery_failed", **names, attempt=message.attempts, kind=type(error).__name__)
        delivery_queue.mark_failed(message, now=now)
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # the task must end
        return False
    if is_sent:
        delivery_queue.mark_sent(message, now=now)
    else:
        delivery_queue.mark_skipped(message, now=now)
    return is_sent
