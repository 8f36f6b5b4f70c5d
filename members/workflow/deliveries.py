"""The verbs of what goes out: claim under a lease, then sent, failed, or put back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F

from members.models import Delivery

LEASE = dt.timedelta(minutes=10)  # longer than a task may live
ATTEMPTS = 5
FIRST_WAIT = dt.timedelta(minutes=1)  # doubled after each failure: 1, 2, 4, 8 minutes


@transaction.atomic
def claim(*, now: dt.datetime, limit: int) -> list[Delivery]:
    """Take up to `limit` due deliveries that nobody else holds, oldest first.

    Any number of workers may claim at once; a worker that dies loses its lease and another one
    sends. Each claim counts as an attempt.
    """
    held = list(
        Delivery.objects.due(now)
        .select_for_update(skip_locked=True)
        .order_by("send_from", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    Delivery.objects.filter(pk__in=held).update(
        leased_until=now + LEASE, attempts=F("attempts") + 1
    )
    rows = Delivery.objects.filter(pk__in=held).select_related("user", "message")
    return list(rows.order_by("send_from", "pk"))


def mark_sent(*, delivery: Delivery, now: dt.datetime) -> None:
    """Note that a delivery has gone out; it is never sent again."""
    Delivery.objects.filter(pk=delivery.pk).update(sent_at=now, leased_until=None)


def mark_failed(*, delivery: Delivery, now: dt.datetime) -> None:
    """Try again later, each time after twice the wait; after five attempts give up visibly."""
    wait = FIRST_WAIT * 2 ** (delivery.attempts - 1)
    gives_up = delivery.attempts >= ATTEMPTS
    Delivery.objects.filter(pk=delivery.pk).update(
        send_from=now + wait, leased_until=None, failed_at=now if gives_up else None
    )


def release(*, deliveries: list[Delivery]) -> None:
    """Let go of what there was no time for; it was no attempt."""
    Delivery.objects.filter(pk__in=[row.pk for row in deliveries]).update(
        leased_until=None, attempts=F("attempts") - 1
    )
