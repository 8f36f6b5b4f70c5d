"""Delivery queue kept in a database table: claim under a lease, retry, visible end states.

A table that inherits `QueuedMessage` is such a queue. A worker claims rows (SKIP LOCKED, so any
number of workers may run), sends outside every transaction, and records one of three end states:
sent, skipped (nothing left to send), or failed (given up after `MAX_ATTEMPTS`). Only the functions
of this module write the columns of the queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db import backoff

MAX_ATTEMPTS = 5
FIRST_DELAY = dt.timedelta(minutes=1)  # doubled after each failure: 1, 2, 4, 8 minutes
LEASE = dt.timedelta(minutes=10)  # longer than the time limit of a task


class DeliveryState(models.TextChoices):
    """State of a message in a delivery queue."""

    PENDING = "pending", _("待发送")
    SENT = "sent", _("已发送")
    SKIPPED = "skipped", _("无需再发")
    FAILED = "failed", _("未能送达")


M = TypeVar("M", bound=models.Model)


class DeliveryQueueQuerySet(models.QuerySet[M]):
    """Queries on a delivery queue."""

    def in_state(self, state: str) -> Self:
        """Filter to messages in one `DeliveryState`."""
        conditions = {
            DeliveryState.PENDING: Q(sent_at=None, failed_at=None),
            DeliveryState.SENT: Q(sent_at__isnull=False, is_skipped=False),
            DeliveryState.SKIPPED: Q(sent_at__isnull=False, is_skipped=True),
            DeliveryState.FAILED: Q(failed_at__isnull=False),
        }
        return self.filter(conditions[DeliveryState(state)])

    def due(self, now: dt.datetime) -> Self:
        """Filter to pending messages that no worker holds and whose retry delay is over."""
        unleased = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.in_state(DeliveryState.PENDING).filter(unleased, backoff.is_ready(now))


class QueuedMessage(models.Model):
    """Columns of a delivery queue; `queue_order` names the column that orders it."""

    queue_order: ClassVar[str]

    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    retry_at = models.DateTimeField(_("下次尝试"), null=True, blank=True)
    sent_at = models.DateTimeField(_("发出时间"), null=True, blank=True)
    is_skipped = models.BooleanField(default=False, db_default=False)
    failed_at = models.DateTimeField(pgettext_lazy("delivery", "放弃时间"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def state(self) -> DeliveryState:
        """State of the message."""
        if self.failed_at is not None:
            return DeliveryState.FAILED
        if self.sent_at is None:
            return DeliveryState.PENDING
        return DeliveryState.SKIPPED if self.is_skipped else DeliveryState.SENT


Message = TypeVar("Message", bound=QueuedMessage)


@transaction.atomic
def claim(queue: DeliveryQueueQuerySet[Message], *, now: dt.datetime, limit: int) -> list[Message]:
    """Lease up to `limit` due messages to the caller: fewest attempts first, then oldest first.

    `queue` selects the rows and the relations to load. A claim is no attempt (`start_attempt`). If
    a worker dies, its leases expire and another worker claims the messages; a message whose
    `MAX_ATTEMPTS` attempts have all started has failed. A message that stops its worker comes
    last, so that it does not hold up the others.
    """
    order = ("attempts", queue.model.queue_order, "pk")
    locked = list(
        queue.due(now)
        .select_related(None)
        .select_for_update(skip_locked=True)
        .order_by(*order)
        .values_list("pk", "attempts")[:limit]
    )
    rows = queue.model._default_manager.all()
    exhausted = [pk for pk, attempts in locked if attempts >= MAX_ATTEMPTS]
    if exhausted:
        rows.filter(pk__in=exhausted).update(failed_at=now, leased_until=None)
    claimed = [pk for pk, attempts in locked if attempts < MAX_ATTEMPTS]
    rows.filter(pk__in=claimed).update(leased_until=now + LEASE)
    return list(queue.filter(pk__in=claimed).order_by(*order))


def start_attempt(message: QueuedMessage) -> None:
    """Count an attempt; called just before sending, so that the death of the worker counts too."""
    _update(message, attempts=F("attempts") + 1)
    message.attempts += 1


def mark_sent(message: QueuedMessage, *, now: dt.datetime) -> None:
    """Record that a message has been handed to its channel."""
    _update(message, sent_at=now, leased_until=None)


def mark_skipped(message: QueuedMessage, *, now: dt.datetime) -> None:
    """Record that nothing was left to send: no recipient, address or channel, or all read."""
    _update(message, sent_at=now, is_skipped=True, leased_until=None)


def mark_failed(message: QueuedMessage, *, now: dt.datetime) -> None:
    """End the lease of a message whose attempt failed, and set its retry or its failure.

    The attempt was counted when it started. The retry is due after `FIRST_DELAY`, doubled with
    each attempt; after `MAX_ATTEMPTS` the message is given up (`DeliveryState.FAILED`).
    """
    is_final = message.attempts >= MAX_ATTEMPTS
    delay = FIRST_DELAY * 2 ** (message.attempts - 1)
    _update(
        message,
        leased_until=None,
        retry_at=None if is_final else now + delay,
        failed_at=now if is_final else None,
    )


def release(messages: Sequence[QueuedMessage]) -> None:
    """End the leases of claimed messages whose attempt has not started."""
    for model in {type(message) for message in messages}:
        pks = [message.pk for message in messages if type(message) is model]
        model._default_manager.filter(pk__in=pks).update(leased_until=None)


def retry_failed(queue: DeliveryQueueQuerySet[Message]) -> int:
    """Queue failed messages again, with a new count of attempts; return how many."""
    failed = queue.in_state(DeliveryState.FAILED)
    return failed.update(failed_at=None, attempts=0, retry_at=None, leased_until=None)


def _update(message: QueuedMessage, **columns: object) -> None:
    type(message)._default_manager.filter(pk=message.pk).update(**columns)
