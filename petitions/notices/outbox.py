"""Tells what the outbox holds: many events at once, each once, by however many workers."""

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
    """Tell everybody concerned about these events; returns how many were told now.

    What is done before or being done elsewhere is left out. Where one cannot go through, each is
    told by itself, and that one waits for a later turn. A lost connection ends the turn: nothing
    is wrong with the events.
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
    """Tell many events in a few queries: the outbox rows are locked, the messages have keys."""
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
    heads = notification_rules.RecipientDirectory.of(events, timezone.localdate(now))
    with translation.override("zh-hans"):
        news = [
            one for event in events for one in notification_rules.notifications_for(event, heads)
        ]
    notify(notifications=news, now=now)
    _queue_sms(events, now)
    for row in rows:
        row.done_at, row.attempts = now, row.attempts + 1
    Outbox.objects.bulk_update(rows, ["done_at", "attempts"])
    return len(rows)


def _queue_sms(events: Sequence[Event], now: dt.datetime) -> None:
    """Queue text messages about events that matter, if there are a contact and an SMS channel."""
    if ChannelName.SMS not in channels.configured():
        return
    matter = [event for event in events if event.verb in notification_rules.TO_RESIDENT]
    if not matter:
        return
    cases = {event.petition_id for event in matter}
    reachable = set(
        Contact.objects.filter(petition__in=cases).values_list("petition_id", flat=True)
    )
    ResidentMessage.objects.bulk_create(
        (
            ResidentMessage(event=event, petition_id=event.petition_id, created_at=now)
            for event in matter
            if event.petition_id in reachable
        ),
        ignore_conflicts=True,
    )


def _postpone(event_id: int, error: Exception) -> None:
    """Let one event wait before it is tried again; no trace in the log: it could tell."""
    log.error("event_postponed", row=event_id, kind=type(error).__name__)
    row = Outbox.objects.get(event_id=event_id)
    row.attempts = min(row.attempts + 1, backoff.MAX_ATTEMPTS_COUNTED)
    row.retry_at = clock.now() + backoff.delay(row.attempts)
    row.save(update_fields=["attempts", "retry_at"])
