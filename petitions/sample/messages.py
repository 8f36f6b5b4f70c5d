"""What the events of the sample have sent: inbox and text messages; and who joined a case."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import models
from django.db.models import F
from django.utils import timezone, translation

from grids.calendar import calendars
from members.enums import MessageKind
from members.models import InboxMessage
from petitions import involvement
from petitions.enums import Status, TaskState
from petitions.models import Event, MeToo, Outbox, Petition, ResidentMessage
from petitions.notices import notification_rules
from petitions.rules import tracking_codes
from petitions.sample.case_builder import NAMESPACE
from petitions.sample.sample_case import SampleCase
from petitions.workflow.transitions import Transition

Row = TypeVar("Row", bound=models.Model)

BATCH = 500
INBOX_DAYS = 10
WORK = (
    *(MessageKind.TO_ACCEPT, MessageKind.RETURNED, MessageKind.ESCALATED),
    MessageKind.HANDED_BACK,
)
READ_AFTER = dt.timedelta(days=2)
ME_TOO_EVERY = 9
SENT_AFTER = dt.timedelta(seconds=3)


def write(cases: Sequence[SampleCase], changes: Sequence[Transition], now: dt.datetime) -> None:
    """Mark the events as published, and write the messages and joined residents of the cases."""
    events = [change.event for change in changes]
    Outbox.objects.filter(event__in=events).update(done_at=F("created_at") + SENT_AFTER, attempts=1)
    _insert(list(_me_toos(cases, now)))
    _insert(list(_text_messages(cases)))
    _insert(list(_inbox_messages(events, now)))


def _insert(rows: Sequence[Row]) -> None:
    if rows:
        models.QuerySet[Row](type(rows[0])).bulk_create(rows, batch_size=BATCH)


def _me_toos(cases: Iterable[SampleCase], now: dt.datetime) -> Iterable[MeToo]:
    for petition in (case.petition for case in cases):
        seed = petition.uuid.int
        if involvement.is_restricted(petition) or seed % ME_TOO_EVERY:
            continue
        for number in range(1 + seed // ME_TOO_EVERY % 4):
            key = uuid.uuid5(NAMESPACE, f"{petition.uuid}:too:{number}")
            yield MeToo(
                petition=petition,
                key=key,
                tracking_hash=tracking_codes.code_hash(tracking_codes.code_for(key)),
                created_at=min(petition.created_at + dt.timedelta(minutes=47 * (number + 1)), now),
            )


def _text_messages(cases: Iterable[SampleCase]) -> Iterable[ResidentMessage]:
    for case in cases:
        for change in case.transitions if case.has_contact else ():
            if change.verb in notification_rules.TO_RESIDENT:
                yield ResidentMessage(
                    event=change.event,
                    petition=case.petition,
                    created_at=change.now,
                    attempts=1,
                    sent_at=change.now + SENT_AFTER,
                )


def _inbox_messages(events: Iterable[Event], now: dt.datetime) -> Iterable[InboxMessage]:
    """Yield the messages of the last days; old ones and those without work left are read."""
    since = now - dt.timedelta(days=INBOX_DAYS)
    directories: dict[dt.date, notification_rules.RecipientDirectory] = {}
    with translation.override("zh-hans"):
        for event in events:
            if event.at < since:
                continue
            day = timezone.localdate(event.at)
            directory = directories.setdefault(day, notification_rules.RecipientDirectory(day))
            for recipients in notification_rules.recipients(event, directory):
                for user_id in dict.fromkeys(recipients.user_ids):
                    yield _message(event, recipients.kind, user_id, now)


def _is_work_left(petition: Petition, kind: MessageKind) -> bool:
    """Tell whether what a message asked for is still to be done."""
    return {
        MessageKind.TO_ACCEPT: petition.status == Status.SUBMITTED,
        MessageKind.RETURNED: petition.status == Status.RETURNED,
        MessageKind.ESCALATED: petition.is_answer_owed,
        MessageKind.HANDED_BACK: any(
            task.state == TaskState.HANDED_BACK for task in petition.case_tasks
        ),
    }[kind]


def _message(event: Event, kind: MessageKind, user_id: int, now: dt.datetime) -> InboxMessage:
    petition = event.petition
    is_urgent = (
        petition.urgency in notification_rules.URGENT and kind in notification_rules.URGENT_KINDS
    )
    calendar = calendars.for_path(petition.path)
    is_read = not _is_work_left(petition, kind) if kind in WORK else event.at < now - READ_AFTER
    return InboxMessage(
        user_id=user_id,
        key=f"event:{event.pk}:{kind}:{user_id}",
        kind=kind,
        title=notification_rules.title(petition, kind),
        url=petition.get_absolute_url(),
        is_urgent=is_urgent,
        created_at=event.at,
        show_from=event.at if is_urgent else calendar.next_opening(event.at),
        read_at=min(event.at + dt.timedelta(hours=9), now) if is_read else None,
    )
