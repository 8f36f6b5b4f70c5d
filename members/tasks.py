"""Celery tasks of the inbox: send deliveries, queue digests; each is safe to repeat."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from config.lib import clock
from config.lib.celery import delivery_worker
from members import workflow
from members.enums import ChannelName
from members.inbox import channels, wording
from members.models import Delivery


@shared_task(name="members.tasks.deliver_due")
def deliver_due() -> int:
    """Send a batch of due deliveries; return how many were sent."""
    queue = Delivery.objects.select_related("user", "message")
    return delivery_worker.deliver_batch(queue, _send, now=clock.now)


def _send(delivery: Delivery, now: dt.datetime) -> bool:
    """Hand one delivery to its channel; False without recipient, address, text or channel.

    A user who holds no post any more, or whose account is inactive, is no recipient.
    """
    user, channel = delivery.user, ChannelName(delivery.channel)
    if user is None or not user.scope.posts or channel not in channels.configured():
        return False
    address, message = channels.address_of(user, channel), wording.message(delivery, now)
    if not address or message is None:
        return False
    channels.adapter(channel).send(address, message.subject, message.body)
    return True


@shared_task(name="members.tasks.daily_digest")
def daily_digest() -> int:
    """Queue today's digests where offices have opened; return how many."""
    now = clock.now()
    return workflow.queue_digests(now=now, day=timezone.localdate(now))
