"""Writes walked cases in bulk, in an order the database's guards accept, in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone, translation

from grids.calendar import calendars
from members.enums import MessageKind
from members.models import InboxMessage
from petitions.enums import Status
from petitions.models import Contact, Event, MeToo, Outbox, Petition, Photo, ResidentMessage
from petitions.notices import notification_rules
from petitions.rules import contacts, tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.sample import pictures
from petitions.sample.case_builder import NAMESPACE
from petitions.sample.simulator import SimulatedCase

Row = TypeVar("Row", bound=models.Model)

BATCH = 500
NEWS_DAYS = 10
WORK = (MessageKind.TO_ACCEPT, MessageKind.RETURNED, MessageKind.ESCALATED)
READ_AFTER = dt.timedelta(days=2)
CONFIDENTIAL_EVERY = 17
ME_TOO_EVERY = 9
TOLD = dt.timedelta(seconds=3)


@transaction.atomic
def write(walks: Sequence[SimulatedCase], now: dt.datetime) -> None:
    """Write all rows of the cases: case, limits, climbs, events, words, and who was told."""
    _number(walks)
    _insert([walk.petition for walk in walks])
    _insert([row for walk in walks for row in walk.deadlines])
    _insert([row for walk in walks for row in walk.escalations])
    events = _insert_events(walks)
    _insert([row for walk in walks for row in walk.notes])
    _insert([row for walk in walks for row in walk.feedback])
    _insert([row for walk in walks for row in walk.doors])
    _insert(list(_photos(walks)))
    _insert([_contact(walk) for walk in walks if walk.has_contact])
    _insert(list(_me_toos(walks, now)))
    told = Outbox.objects.filter(event__in=events)
    told.update(done_at=F("created_at") + TOLD, attempts=1)
    _insert(list(_to_residents(walks)))
    _insert(list(_news(events, now)))


def _insert(rows: Sequence[Row]) -> None:
    """Insert rows of one table."""
    if rows:
        models.QuerySet[Row](type(rows[0])).bulk_create(rows, batch_size=BATCH)


def _number(walks: Sequence[SimulatedCase]) -> None:
    """Take serials from the database in the order of filing, so that numbers grow with time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('petitions_petition', 'id'))"
            " FROM generate_series(1, %s)",
            [len(walks)],
        )
        serials = sorted(row[0] for row in cursor.fetchall())
    for walk, serial in zip(walks, serials, strict=True):
        walk.petition.pk = serial


def _insert_events(walks: Sequence[SimulatedCase]) -> list[Event]:
    """Write the events in the order of time; within a case that is the order of versions."""
    for walk in walks:
        for event, key, row in walk.linked:
            event.data[key] = row.pk
    events = [event for walk in walks for event in walk.events]
    events.sort(key=attrgetter("at", "petition.pk", "version"))
    _insert(events)
    return events


def _photos(walks: Iterable[SimulatedCase]) -> Iterable[Photo]:
    for walk in walks:
        for event, scene, kind in walk.pictures:
            seed = f"{walk.petition.uuid}:{event.version}"
            stored = pictures.drawn(scene, seed)
            yield Photo(
                uuid=uuid.uuid5(NAMESPACE, seed),
                petition=walk.petition,
                event=event,
                kind=kind,
                name=stored.name,
                sha256=stored.sha256,
                size=stored.size,
                width=stored.width,
                height=stored.height,
                is_public=True,
            )


def _contact(walk: SimulatedCase) -> Contact:
    """Seal an invented number: no subscriber has 190-0000-…."""
    case = walk.petition
    reach = ContactDetails(
        phone=f"1900000{case.uuid.int % 10_000:04d}",
        is_confidential=case.uuid.int % CONFIDENTIAL_EVERY == 0,
    )
    cipher, key_id = contacts.encrypt(case.uuid, reach)
    return Contact(
        petition=case,
        cipher=cipher,
        key_id=key_id,
        last4_hash=tracking_codes.last4_hash(case.uuid, reach.last4),
        is_confidential=reach.is_confidential,
    )


def _me_toos(walks: Iterable[SimulatedCase], now: dt.datetime) -> Iterable[MeToo]:
    for walk in walks:
        case = walk.petition
        is_private = case.is_sealed or case.about_organisation_id is not None
        if is_private or case.uuid.int % ME_TOO_EVERY:
            continue
        for number in range(1 + case.uuid.int // ME_TOO_EVERY % 4):
            key = uuid.uuid5(NAMESPACE, f"{case.uuid}:too:{number}")
            yield MeToo(
                petition=case,
                key=key,
                tracking_hash=tracking_codes.code_hash(tracking_codes.code_for(key)),
                created_at=min(case.created_at + dt.timedelta(minutes=47 * (number + 1)), now),
            )


def _to_residents(walks: Iterable[SimulatedCase]) -> Iterable[ResidentMessage]:
    for walk in walks:
        for event in walk.events if walk.has_contact else ():
            if event.verb in notification_rules.TO_RESIDENT:
                yield ResidentMessage(
                    event=event,
                    petition=walk.petition,
                    created_at=event.at,
                    attempts=1,
                    sent_at=event.at + TOLD,
                )


def _news(events: Iterable[Event], now: dt.datetime) -> Iterable[InboxMessage]:
    """Fill the inboxes with what was told lately; what is old or over has been read."""
    since = now - dt.timedelta(days=NEWS_DAYS)
    heads: dict[dt.date, notification_rules.RecipientDirectory] = {}
    with translation.override("zh-hans"):
        for event in events:
            if event.at < since:
                continue
            day = timezone.localdate(event.at)
            on_day = heads.setdefault(day, notification_rules.RecipientDirectory(day))
            for told in notification_rules.recipients(event, on_day):
                for user_id in dict.fromkeys(told.user_ids):
                    yield _message(event, told, user_id, now)


def _waits(case: Petition, kind: MessageKind) -> bool:
    """Tell whether what a message asked for is still to be done."""
    return {
        MessageKind.TO_ACCEPT: case.status == Status.SUBMITTED,
        MessageKind.RETURNED: case.status == Status.RETURNED,
        MessageKind.ESCALATED: case.is_answer_owed,
    }[kind]


def _message(
    event: Event, told: notification_rules.Recipients, user_id: int, now: dt.datetime
) -> InboxMessage:
    case = event.petition
    is_urgent = (
        case.urgency in notification_rules.URGENT and told.kind in notification_rules.URGENT_KINDS
    )
    calendar = calendars.for_path(case.path)
    is_read = not _waits(case, told.kind) if told.kind in WORK else event.at < now - READ_AFTER
    return InboxMessage(
        user_id=user_id,
        key=f"event:{event.pk}:{told.kind}:{user_id}",
        kind=told.kind,
        title=notification_rules.title(case, told.kind),
        url=case.get_absolute_url(),
        is_urgent=is_urgent,
        created_at=event.at,
        show_from=event.at if is_urgent else calendar.next_opening(event.at),
        read_at=min(event.at + dt.timedelta(hours=9), now) if is_read else None,
    )
