"""Door for the clock: find what is due, one workflow call each. Any number may run at once.

Rows carry the promise and the database's clock decides; a missed wake-up only delays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, Q

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

log = structlog.get_logger("clock")

BATCH = 200
LEASE = dt.timedelta(minutes=5)
MAX_ATTEMPTS = 5
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


def _by_itself(act: Callable[[Any], bool], what: Any, word: str) -> bool:
    """Do one row's turn; one that cannot go through is logged by id and holds up no other."""
    try:
        return act(what)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this one is not the others'
        row = getattr(what, "pk", what)
        log.error(word, row=row, kind=type(error).__name__)  # no trace: it could hold a number
        return False


@shared_task(name="petitions.ops.scheduled_tasks.text_residents")
def text_residents() -> int:
    """Send the text messages owed to petitioners; a lease keeps two workers off one message."""
    now = database_now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    with transaction.atomic():
        rows = list(
            ResidentMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(free, sent_at=None, attempts__lt=MAX_ATTEMPTS)
            .select_related("petition", "event")
            .order_by("created_at")[:BATCH]
        )
        ResidentMessage.objects.filter(pk__in=[row.pk for row in rows]).update(
            leased_until=now + LEASE, attempts=F("attempts") + 1
        )
    return sum(_by_itself(_text, row, "text_stuck") for row in rows)


def _text(row: ResidentMessage) -> bool:
    """Send one text message outside any transaction; the number is read at the last moment."""
    contact = Contact.objects.filter(petition=row.petition_id).first()
    phone = ""
    if contact is not None:
        phone = contacts.decrypt(row.petition.uuid, bytes(contact.cipher), contact.key_id).phone
    if phone and ChannelName.SMS in channels.configured():
        body = notification_rules.text_for_resident(row.petition, Verb(row.event.verb))
        channels.adapter(ChannelName.SMS).send(phone, settings.PRODUCT_NAME, body)
    ResidentMessage.objects.filter(pk=row.pk).update(sent_at=database_now())
    return bool(phone)


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
