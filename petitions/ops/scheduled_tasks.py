"""Door for the clock: find what is due, one workflow call each. Any number may run at once.

Rows carry the promise and the database's clock decides; a missed wake-up only delays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config.lib.celery import delivery_worker
from members.enums import ChannelName
from members.inbox import channels
from petitions import workflow
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
from petitions.rules import contacts, photos

BATCH = 200
A_DAY = dt.timedelta(days=1)
KEYS_LAST = dt.timedelta(days=7)


def database_now() -> dt.datetime:
    """Return the database's clock, the one that decides what is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: dt.datetime = cursor.fetchone()[0]
    return found


@shared_task(name="petitions.ops.scheduled_tasks.sweep_deadlines")
def sweep_deadlines() -> int:
    """Let every due limit fire and every reminder go out; returns how many did."""
    return _all(workflow.expire_due) + _all(workflow.remind_due)


def _all(turn: Callable[..., workflow.SweepResult]) -> int:
    """Take turns until one finds nothing more to take."""
    done = 0
    while True:
        taken = turn(now=database_now(), limit=BATCH)
        done += taken.done
        if not taken.taken:
            return done


@shared_task(name="petitions.ops.scheduled_tasks.drain_outbox")
def drain_outbox() -> int:
    """Announce every event still in the outbox: what a lost wake-up left behind."""
    done = 0
    while True:
        waiting = list(
            Outbox.objects.waiting(database_now()).values_list("event_id", flat=True)[:BATCH]
        )
        told = outbox.publish(waiting)
        done += told
        if len(waiting) < BATCH or not told:
            return done


@shared_task(name="petitions.ops.scheduled_tasks.text_residents")
def text_residents() -> int:
    """Send a batch of the text messages queued for petitioners; return how many were sent."""
    queue = ResidentMessage.objects.select_related("petition", "event")
    return delivery_worker.deliver_batch(queue, _send_text, now=database_now)


def _send_text(message: ResidentMessage, _now: dt.datetime) -> bool:
    """Send one text message; False if the contact has been deleted or has no number.

    The number is decrypted at the last moment.
    """
    contact = Contact.objects.filter(petition=message.petition_id).first()
    if contact is None:
        return False
    petition = message.petition
    phone = contacts.decrypt(petition.uuid, bytes(contact.cipher), contact.key_id).phone
    if not phone:
        return False
    body = notification_rules.text_for_resident(petition, Verb(message.event.verb))
    channels.adapter(ChannelName.SMS).send(phone, settings.PRODUCT_NAME, body)
    return True


@shared_task(name="petitions.ops.scheduled_tasks.tidy")
def tidy() -> None:
    """Let go of what is no longer needed: old contacts, photos never sent, counters and keys."""
    now = database_now()
    workflow.delete_expired(now=now)
    named = set(Photo.objects.values_list("name", flat=True))
    photos.sweep_unused(named, (now - KEYS_LAST).timestamp())  # a form may be kept open for days
    RateLimitCounter.objects.filter(window__lt=now - A_DAY).delete()
    IdempotencyKey.objects.filter(created_at__lt=now - KEYS_LAST).delete()
    call_command("clearsessions")
