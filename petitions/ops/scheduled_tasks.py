"""Celery tasks that run on a schedule: deadlines, outbox, text messages and cleaning up.

Tasks read due rows by the database's clock, so a lost wake-up only delays them. Several workers may
run the same task at once.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config.lib import register_cache
from config.lib.celery import delivery_worker
from members.accounts import audit_log, recorded_rows
from members.enums import ChannelName
from members.inbox import channels
from petitions.enums import Verb
from petitions.models import (
    Contact,
    IdempotencyKey,
    Outbox,
    Photo,
    RateLimitCounter,
    ResidentMessage,
)
from petitions.notices import notification_rules, outbox
from petitions.ops import audit_trail
from petitions.rules import contacts, photos
from petitions.workflow import (
    contact,
    deadline_sweep,
    provisional_deadlines,
    responsibility_sweep,
)

BATCH = 200
COUNTERS_KEPT = dt.timedelta(days=1)
KEYS_KEPT = dt.timedelta(days=7)
LOOK_AGAIN = 600.0  # seconds; a process that knew an older calendar may have set a deadline since


def database_now() -> dt.datetime:
    """Return the time of the database, which decides what is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


@shared_task(name="petitions.ops.scheduled_tasks.sweep_deadlines")
def sweep_deadlines() -> int:
    """Expire due deadlines and send due reminders; return how many rows were processed."""
    return _process_all(deadline_sweep.expire_due) + _process_all(deadline_sweep.remind_due)


def _process_all(process_batch: Callable[..., deadline_sweep.SweepResult]) -> int:
    """Process batches until one finds no row."""
    done = 0
    while True:
        register_cache.current_version()  # a new version read in a transaction is not cached
        result = process_batch(now=database_now(), limit=BATCH)
        done += result.done
        if not result.taken:
            return done


@shared_task(name="petitions.ops.scheduled_tasks.move_cases")
def move_cases() -> int:
    """Move the open cases of ended responsibilities that follow; return how many."""
    register_cache.current_version()  # a new version read in a transaction is not cached
    return responsibility_sweep.move_due(now=database_now())


class _Rescheduling:
    """When this process last looked for provisional deadlines, and by which registers."""

    version: int | None = None
    at = float("-inf")


@shared_task(name="petitions.ops.scheduled_tasks.reschedule_deadlines")
def reschedule_deadlines() -> int:
    """Make provisional deadlines final after their calendar was published; return how many.

    Looks for them when the registers have changed, and every ten minutes.
    """
    version, now = register_cache.current_version(), time.monotonic()
    if version == _Rescheduling.version and now - _Rescheduling.at < LOOK_AGAIN:
        return 0
    done = _process_all(provisional_deadlines.reschedule_known)
    _Rescheduling.version, _Rescheduling.at = version, now
    return done


@shared_task(name="petitions.ops.scheduled_tasks.drain_outbox")
def drain_outbox() -> int:
    """Publish every event in the outbox, for example after a lost wake-up; return how many."""
    done = 0
    while True:
        waiting = list(
            Outbox.objects.waiting(database_now()).values_list("event_id", flat=True)[:BATCH]
        )
        published = outbox.publish(waiting)
        done += published
        if len(waiting) < BATCH or not published:
            return done


@shared_task(name="petitions.ops.scheduled_tasks.text_residents")
def text_residents() -> int:
    """Send a batch of the text messages queued for petitioners; return how many were sent."""
    queue = ResidentMessage.objects.select_related("petition", "event")
    return delivery_worker.deliver_batch(queue, _send_text, now=database_now)


def _send_text(message: ResidentMessage, _now: dt.datetime) -> bool:
    """Send one text message; False without contact, number or SMS channel.

    The number is decrypted at the last moment.
    """
    if ChannelName.SMS not in channels.configured():
        return False
    stored = Contact.objects.filter(petition=message.petition_id).first()
    if stored is None:
        return False
    petition = message.petition
    phone = contacts.decrypt(petition.uuid, bytes(stored.cipher), stored.key_id).phone
    if not phone:
        return False
    body = notification_rules.text_for_resident(petition, Verb(message.event.verb))
    channels.adapter(ChannelName.SMS).send(phone, settings.PRODUCT_NAME, body)
    return True


@shared_task(name="petitions.ops.scheduled_tasks.extend_audit_trail")
def extend_audit_trail() -> int:
    """Append new rows to the hash chains, and keep their anchors; return how many rows.

    The first run after the upgrade records the rows that give rights.
    """
    audit_log.write_surplus(database_now())
    rows = audit_trail.extend()
    audit_trail.keep_anchors(database_now())
    recorded_rows.record_first()
    return rows


@shared_task(name="petitions.ops.scheduled_tasks.tidy")
def tidy() -> None:
    """Delete expired contacts, photos of reports never sent, counters, keys and sessions.

    Telephones that an earlier release stored as they were typed are folded.
    """
    now = database_now()
    contact.delete_expired(now=now)
    contact.fold_stored(limit=BATCH)
    used = set(Photo.objects.values_list("name", flat=True))
    photos.sweep_unused(used, (now - KEYS_KEPT).timestamp())  # a form may be kept open for days
    RateLimitCounter.objects.filter(window__lt=now - COUNTERS_KEPT).delete()
    IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()
    call_command("clearsessions")
