"""The exit: what people are owed leaves the system here; every task is safe to repeat."""

from __future__ import annotations

import datetime as dt
import logging
import time

from celery import shared_task
from django.utils import timezone

from config.lib import clock
from members import workflow
from members.enums import ChannelName
from members.inbox import channels, wording
from members.models import Delivery

log = logging.getLogger(__name__)

BATCH = 100
SECONDS_TO_SEND = 200.0  # well inside the task's time limit and the lease


@shared_task(name="members.tasks.deliver_due")
def deliver_due() -> int:
    """Send what is due, at most a hundred messages; return how many left.

    Sending happens outside every transaction. A worker killed between sending and noting it may
    send one message twice; none is ever lost.
    """
    deliveries = workflow.claim(now=clock.now(), limit=BATCH)
    ends = time.monotonic() + SECONDS_TO_SEND
    sent = 0
    for position, delivery in enumerate(deliveries):
        if time.monotonic() > ends:
            workflow.release(deliveries=deliveries[position:])
            break
        sent += _deliver(delivery, clock.now())
    return sent


def _deliver(delivery: Delivery, now: dt.datetime) -> bool:
    """Send one message and note how it went; a channel's failure is never the task's."""
    try:
        _send(delivery, now)
    except Exception:  # noqa: BLE001 - a gateway may throw anything; the row stays owed
        # No trace in the log: it could carry an address.
        log.warning("delivery failed", extra={"delivery": delivery.pk})
        workflow.mark_failed(delivery=delivery, now=now)
        return False
    workflow.mark_sent(delivery=delivery, now=now)
    return True


def _send(delivery: Delivery, now: dt.datetime) -> None:
    """Hand one message to its channel; nothing to say or nobody to say it to is done as well.

    Whoever has lost the post since is nobody: a closed account and an ended post have no seats.
    """
    user, channel = delivery.user, ChannelName(delivery.channel)
    if user is None or not user.scope.posts:
        return
    address, letter = channels.address_of(user, channel), wording.message(delivery, now)
    if address and letter is not None:
        channels.adapter(channel).send(address, letter.subject, letter.body)


@shared_task(name="members.tasks.daily_digest")
def daily_digest() -> int:
    """Owe today's digests where offices have opened; return how many were added."""
    now = clock.now()
    return workflow.queue_digests(now=now, day=timezone.localdate(now))
