"""Publishes the events in the outbox: in batches, each event once, by any number of workers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, transaction
from django.utils import timezone, translation

from config.lib import clock
from config.lib.db import backoff
from members.enums import ChannelName
from members.inbox import channels
from members.workflow import notify
from petitions.models import Contact, Event, Outbox, ResidentMessage
from petitions.notices import notification_rules

log = structlog.get_logger("clock")


def publish(event_ids: Sequence[int]) -> int:
    """Notify the recipients of these events; return how many events were published now.

    Events already published or locked by another worker are skipped. When a batch fails, each
    event is tried alone, and one that fails is postponed. A lost database connection is raised.
    """
    try:
        return _publish_batch(event_ids)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if isinstance(error, OperationalError) and not connection.is_usable():
            raise
        if len(event_ids) == 1:
            _postpone(event_ids[0], error)
            return 0
    return sum(publish([event_id]) for event_id in event_ids)


@transaction.atomic
def _publish_batch(event_ids: Sequence[int]) -> int:
    """Publish in few queries: outbox rows are locked, messages have keys against duplicates."""
    rows = list(
        Outbox.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related(
            *("event", "event__organisation", "event__petition"),
            *("event__petition__category", "event__petition__community"),
        )
        .filter(event_id__in=event_ids, done_at=None)
        .order_by("event_id")
    )
    if not rows:
        return 0
    now = clock.now()
    events = [row.event for row in rows]
    directory = notification_rules.RecipientDirectory.of(events, timezone.localdate(now))
    with translation.override("zh-hans"):
        notifications = [
            notification
            for event in events
            for notification in notification_rules.notifications_for(event, directory)
        ]
    notify(notifications=notifications, now=now)
    _queue_sms(events, now)
    for row in rows:
        row.done_at, row.attempts = now, row.attempts + 1
    Outbox.objects.bulk_update(rows, ["done_at", "attempts"])
    return len(rows)


def _queue_sms(events: Sequence[Event], now: dt.datetime) -> None:
    """Queue text messages about events that matter, if there are a contact and an SMS channel."""
    if ChannelName.SMS not in channels.configured():
        return
    relevant = [event for event in events if event.verb in notification_rules.TO_RESIDENT]
    if not relevant:
        return
    petition_ids = {event.petition_id for event in relevant}
    reachable = set(
        Contact.objects.filter(petition__in=petition_ids).values_list("petition_id", flat=True)
    )
    ResidentMessage.objects.bulk_create(
        (
            ResidentMessage(event=event, petition_id=event.petition_id, created_at=now)
            for event in relevant
            if event.petition_id in reachable
        ),
        ignore_conflicts=True,
    )


def _postpone(event_id: int, error: Exception) -> None:
    """Delay the next attempt. The traceback is not logged, since it may hold personal data."""
    log.error("event_postponed", row=event_id, kind=type(error).__name__)
    row = Outbox.objects.get(event_id=event_id)
    row.attempts = min(row.attempts + 1, backoff.MAX_ATTEMPTS_COUNTED)
    row.retry_at = clock.now() + backoff.delay(row.attempts)
    row.save(update_fields=["attempts", "retry_at"])
