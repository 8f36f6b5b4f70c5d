"""The only writer of transitions: for one case or for many, old or new."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from django.db import models, transaction
from django.db.models import Case, F, Model, Value, When
from django.db.models.functions import Coalesce

from config.lib.db.multi_insert import multi_insert
from petitions import tasks
from petitions.enums import DeadlineState
from petitions.models import Deadline, DeadlineQuerySet, DoorVisit
from petitions.models.digests import photos_digest, report_digest
from petitions.workflow.transitions import Transition

Row = TypeVar("Row", bound=Model)

Settlements = tuple[tuple[DeadlineState, tuple[str, ...]], ...]
"""Deadlines to settle: pairs of the state for those still open and their kinds."""

BATCH = 500  # rows of one INSERT
TASK_FIELDS = (
    *("doer", "text", "state", "version", "round"),
    *("sent_at", "acknowledge_by", "due_at", "ended_at"),
)
RESCHEDULED_FIELDS = ("state", "ended_at", "settled_at", "is_provisional", "follows_calendar")
DOOR_KEY = ("petition", "area", "entrance", "floor", "door")


def write(transitions: Sequence[Transition], *, wake_workers: bool = True) -> None:
    """Write completed transitions in the order in which they happened.

    Needs an open transaction that holds the locks of the stored cases. Writes deadlines, tasks,
    cases, escalations, feedback, doors, events, notes and photos; a trigger adds each event to the
    outbox and workers are notified on commit. What must happen with every transition belongs here.
    A new case with one transition takes one round trip, many transitions take one statement per
    table.
    """
    if not transitions:
        return
    new_ids = {id(change.petition) for change in transitions if change.is_new_case}
    _update([change for change in transitions if id(change.petition) not in new_ids])
    if len(transitions) == 1 and new_ids:
        _insert_case(transitions[0])
    else:
        _insert(transitions)
    for change in transitions:
        for row in (change.note, *change.photos):
            if row is not None:
                row.event = change.event
    notes = [change.note for change in transitions if change.note]
    photos = [row for change in transitions for row in change.photos]
    if len(transitions) == 1 and notes and photos:
        multi_insert(*notes, *photos)
    else:
        _bulk_create(notes)
        _bulk_create(photos)
    if wake_workers:
        event_ids = [change.event.pk for change in transitions]
        transaction.on_commit(partial(tasks.notify_workers, event_ids))


def _update(transitions: Sequence[Transition]) -> None:
    """Update what is stored of the cases: deadlines, tasks, escalations, feedback, doors, case."""
    _settle_deadlines(transitions)
    _bulk_update([row for change in transitions for row in change.tasks if row.pk], TASK_FIELDS)
    deadlines = [row for change in transitions for row in change.changed_deadlines]
    _bulk_update(deadlines, ["state", "ended_at", "reminded_at"])
    transferred = [row for change in transitions for row in change.transferred_deadlines]
    _bulk_update(transferred, ["organisation"])
    rescheduled = [row for change in transitions for row in change.rescheduled_deadlines]
    _bulk_update(rescheduled, RESCHEDULED_FIELDS)
    answered = [change.answered for change in transitions if change.answered]
    _bulk_update(answered, ["answer_kind", "answered_by", "answered_at"])
    feedback = [change.feedback for change in transitions if change.feedback]
    _bulk_update([row for row in feedback if row.pk], ["solved", "rating", "is_by_phone", "at"])
    if erased := [change.petition.pk for change in transitions if change.erases_doors]:
        DoorVisit.objects.filter(petition__in=erased).delete()
    fields = dict.fromkeys(name for change in transitions for name in change.changed_fields())
    _bulk_update([change.petition for change in transitions], list(fields))


def _settle_deadlines(transitions: Sequence[Transition]) -> None:
    """Settle owed deadlines; one statement for all cases that settle the same kinds.

    A transition that settles the deadlines of one task alone takes a statement of its own.
    """
    by_kinds: dict[Settlements, list[Transition]] = defaultdict(list)
    for change in transitions:
        if change.ended:
            by_kinds[_settlements(change.ended)].append(change)
        if change.ended_of_task:
            rows = Deadline.objects.filter(task=change.task)
            _settle(rows, _settlements(change.ended_of_task), change.now)
    for settlements, changes in by_kinds.items():
        rows = Deadline.objects.filter(petition__in=[change.petition.pk for change in changes])
        _settle(rows, settlements, changes[0].now)


def _settlements(ended: Mapping[DeadlineState, set[str]]) -> Settlements:
    return tuple((state, tuple(sorted(kinds))) for state, kinds in sorted(ended.items()))


def _settle(rows: DeadlineQuerySet, settlements: Settlements, now: dt.datetime) -> None:
    """Settle those of `rows` that are owed and of a kind in `settlements`."""
    whens = [
        When(state=DeadlineState.OPEN, kind__in=kinds, then=Value(state))
        for state, kinds in settlements
    ]
    rows.owed().filter(kind__in=[kind for _state, kinds in settlements for kind in kinds]).update(
        state=Case(*whens, default=F("state")),
        ended_at=Coalesce(F("ended_at"), Value(now)),
        settled_at=now,
    )


def _insert_case(change: Transition) -> None:
    """Insert a new case, whose id is drawn already, in one round trip.

    With its deadlines, attached rows and event: filing writes no others.
    """
    _complete_data(change)
    change.event.sign()
    multi_insert(change.petition, *change.started, *change.attached, change.event)


def _insert(transitions: Sequence[Transition]) -> None:
    """Insert the rows of transitions table by table, in the order of their foreign keys.

    The deadlines and the event of a single transition take one round trip.
    """
    _bulk_create([change.petition for change in transitions if change.is_new_case])
    tasks = {id(row): row for change in transitions for row in change.tasks if not row.pk}
    _bulk_create(list(tasks.values()))
    started = [row for change in transitions for row in change.started]
    for deadline in started:
        deadline.task_id = deadline.task.pk if deadline.task else None
    is_single = len(transitions) == 1
    if not is_single:
        _bulk_create(started)
    _bulk_create([change.raised for change in transitions if change.raised])
    rated = [change.feedback for change in transitions if change.feedback]
    _bulk_create(list({id(row): row for row in rated if not row.pk}.values()))
    _upsert_doors(row for change in transitions for row in change.doors)
    attached: dict[type[Model], list[Model]] = defaultdict(list)
    for change in transitions:
        for row in change.attached:
            attached[type(row)].append(row)
        _complete_data(change)
    for rows in attached.values():
        _bulk_create(rows)
    for change in transitions:
        change.event.sign()
    if is_single:
        multi_insert(*started, transitions[0].event)
    else:
        _bulk_create([change.event for change in transitions])


def _complete_data(change: Transition) -> None:
    """Add the ids of rows that the transition wrote to the data of its event, and their digests.

    `change.data` and the data of the event are the same dictionary.
    The event is signed, so the digests show when report, photos, note or feedback are altered.
    """
    if change.is_new_case:
        change.data["report_digest"] = report_digest(change.petition)
    if change.photos:
        version = change.event.version
        change.data["photos_digest"] = photos_digest(change.photos, change.petition.pk, version)
    if change.note is not None:
        change.data["note_digest"] = change.note.digest(change.event.version)
    if change.feedback is not None:
        change.data["feedback_digest"] = change.feedback.digest()
    if escalation := change.raised or change.answered:
        change.data["escalation"] = escalation.pk
    if change.task is not None:
        change.data["task"] = change.task.pk
    elif change.tasks:
        change.data["tasks"] = [task.pk for task in change.tasks]


def _upsert_doors(doors: Iterable[DoorVisit]) -> None:
    """Insert doors; a later look at the same door replaces the earlier one."""
    latest = {
        (door.petition_id, door.area_id, door.entrance, door.floor, door.door): door
        for door in doors
    }
    if latest:
        DoorVisit.objects.bulk_create(
            latest.values(),
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=DOOR_KEY,
            update_fields=["result", "visited_at"],
        )


def _bulk_create(rows: Sequence[Row]) -> None:
    if rows:
        models.QuerySet[Row](type(rows[0])).bulk_create(rows, batch_size=BATCH)


def _bulk_update(rows: Sequence[Row], fields: Sequence[str]) -> None:
    if len(rows) == 1:
        rows[0].save(update_fields=fields)
    elif rows:
        models.QuerySet[Row](type(rows[0])).bulk_update(rows, fields)
