"""A case played in memory and written at once has the same rows as one played in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count, Model
from django.utils import timezone

from branches.models import Organisation
from config.lib.db.tree_paths import draw_ids
from members.posts import directory
from petitions.enums import AnswerKind, DeadlineKind, DoorResult, Outcome, TaskState
from petitions.models import (
    CaseTask,
    Contact,
    Deadline,
    DoorVisit,
    Escalation,
    Event,
    Feedback,
    Note,
    Outbox,
    Petition,
)
from petitions.ops import integrity
from petitions.workflow import (
    case_store,
    contact,
    deadline_sweep,
    escalation,
    handling,
    resolution,
    task_verbs,
)
from petitions.workflow.case_store import MemoryStore
from petitions.workflow.escalation_chain import EscalationChain
from petitions.workflow.writer import write
from tests.support import task_steps
from tests.support.cast import Stage

START = timezone.now() - dt.timedelta(days=3)
HOUR = dt.timedelta(hours=1)
DIFFERENT = {
    "id",
    "uuid",
    "task_id",
    "tracking_hash",
    "petition_id",
    "event_id",
    "deadline_id",
    "cipher",
}
DIFFERENT |= {"last4_hash", "search", "created_at", "signature"}
ROW_IDS = {"escalation", "task", "tasks"} | {"note_digest", "feedback_digest", "report_digest"}
"""Keys of an event's data with ids of rows, or with digests over them, which differ."""

Step = Callable[[Stage, Petition, dt.datetime], Any]


def _resolve(stage: Stage, petition: Petition, now: dt.datetime) -> None:
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=now,
        outcome=Outcome.RESOLVED,
        cause="铁管",
        public_answer="已更换。",
    )


def _sweep(batch: Callable[..., None], kind: DeadlineKind) -> Step:
    """Let the deadline sweep act on the open deadline of a kind."""

    def step(_stage: Stage, petition: Petition, now: dt.datetime) -> None:
        store = case_store.current()
        (deadline,) = [
            row for row in store.owed_deadlines(petition, {kind}) if row.ended_at is None
        ]
        batch([(store.lock(petition), deadline)], now)

    return step


def _answer(name: str, kind: AnswerKind, **more: Any) -> Step:
    def step(stage: Stage, petition: Petition, now: dt.datetime) -> None:
        by = stage.cast[name]
        escalation.answer(petition=petition, by=by, now=now, kind=kind, text="说明", **more)

    return step


def _order(short_name: str, by: str) -> Step:
    """Answer an escalation by ordering a department."""

    def step(stage: Stage, petition: Petition, now: dt.datetime) -> None:
        department = Organisation.objects.get(short_name=short_name)
        _answer(by, AnswerKind.DEPARTMENT, department=department)(stage, petition, now)

    return step


STEPS: dict[str, Step] = {
    "order water": _order("供水公司", "community"),
    "order heating": _order("热力公司", "official"),
    "acknowledge heating": lambda s, p, at: task_verbs.acknowledge(
        petition=p, by=s.cast["heating"], now=at
    ),
    "conclude heating": lambda s, p, at: task_verbs.conclude(
        petition=p, by=s.cast["heating"], now=at, outcome=TaskState.DONE, text="好了"
    ),
    "accept": lambda s, p, at: handling.accept(petition=p, by=s.cast["secretary"], now=at),
    "dispatch": lambda s, p, at: handling.dispatch(
        petition=p, by=s.cast["secretary"], now=at, users=[s.cast["member"]]
    ),
    "visit": lambda s, p, at: handling.visit(
        petition=p,
        by=s.cast["secretary"],
        now=at,
        building=s.town.building,
        results={(1, 1, 1): DoorResult.AFFECTED, (1, 1, 2): DoorResult.NO_ANSWER},
        remark="问过",
    ),
    "visit again": lambda s, p, at: handling.visit(
        petition=p,
        by=s.cast["secretary"],
        now=at,
        building=s.town.building,
        results={(1, 1, 1): DoorResult.NO_ANSWER},
    ),
    "escalate": lambda s, p, at: escalation.escalate(
        petition=p, by=s.cast["secretary"], now=at, reason="难"
    ),
    "explain": _answer("official", AnswerKind.EXPLAIN),
    "extend": _answer("community", AnswerKind.EXTEND, extension=72 * HOUR),
    "resolve": _resolve,
    "rate": lambda s, p, at: resolution.rate(petition=p, by=s.petitioner(p), now=at, rating=3),
    "dispute": lambda s, p, at: resolution.dispute(
        petition=p, by=s.petitioner(p), now=at, reason="没有"
    ),
    "confirm": lambda s, p, at: resolution.confirm(
        petition=p, by=s.petitioner(p), now=at, rating=5
    ),
    "withdraw": lambda s, p, at: resolution.withdraw(petition=p, by=s.petitioner(p), now=at),
    "reveal": lambda s, p, at: contact.reveal(
        petition=p, by=s.cast["secretary"], now=at, reason="约时间"
    ),
    "remind": _sweep(deadline_sweep.remind_batch, DeadlineKind.RESOLUTION),
    "contact overdue": _sweep(deadline_sweep.expire_batch, DeadlineKind.CONTACT),
    "answer overdue": _sweep(deadline_sweep.expire_batch, DeadlineKind.ANSWER),
    "silence": _sweep(deadline_sweep.expire_batch, DeadlineKind.CONFIRMATION),
}
STORIES = {
    "two departments": (
        *("accept", "escalate", "order water", "escalate", "order heating"),
        *("acknowledge heating", "conclude heating"),
    ),
    "overdue, answered, extended": (
        *("remind", "contact overdue", "accept", "extend", "escalate", "explain", "resolve"),
        *("rate", "silence"),
    ),
    "two disputes": (
        *("accept", "dispatch", "visit", "visit again", "resolve", "dispute", "reveal", "resolve"),
        *("dispute", "resolve", "rate", "confirm"),
    ),
    "withdrawn after escalation": (
        *("contact overdue", "answer overdue", "accept", "visit", "withdraw"),
    ),
}


def _rows(model: type[Model], **where: object) -> list[dict[str, Any]]:
    """Return the rows of a case without ids and random values."""
    rows = model._default_manager.filter(**where).order_by("id").values()
    return [
        {
            name: {k: v for k, v in value.items() if k not in ROW_IDS} if name == "data" else value
            for name, value in row.items()
            if name not in DIFFERENT
        }
        for row in rows
    ]


def _snapshot(petition: Petition) -> dict[str, Any]:
    tables = (CaseTask, Deadline, Escalation, Event, Note, Feedback, DoorVisit, Contact)
    found = {model.__name__: _rows(model, petition=petition.pk) for model in tables}
    return found | {"Petition": _rows(Petition, pk=petition.pk)}


def _play(stage: Stage, steps: tuple[str, ...]) -> Petition:
    petition = stage.file(now=START).petition
    for number, name in enumerate(steps, start=1):
        STEPS[name](stage, petition, START + number * HOUR)
    return petition


def _memory(case_id: int) -> MemoryStore:
    return MemoryStore(
        case_id,
        chain_on=EscalationChain.of,
        members_on=lambda pk, day: {user.pk for user in directory.members_of(pk, day)},
    )


def test_cases_written_together_keep_their_own_doors(stage: Stage) -> None:
    stores = [_memory(-1), _memory(-2)]
    for store in stores:
        with case_store.using(store):
            _play(stage, ("accept", "dispatch", "visit"))
    for store, case_id in zip(stores, draw_ids(Petition, 2), strict=True):
        store.assign_case_id(case_id)
    write([transition for store in stores for transition in store.transitions])
    doors = DoorVisit.objects.values("petition").annotate(doors=Count("pk"))
    assert [row["doors"] for row in doors] == [2, 2]


@pytest.mark.parametrize("name", STORIES)
def test_memory_and_database_give_the_same_rows(stage: Stage, name: str) -> None:
    task_steps.second_department(stage)
    in_database = _play(stage, STORIES[name])
    store = _memory(-1)
    with case_store.using(store):
        petition = _play(stage, STORIES[name])
    assert not Petition.objects.filter(uuid=petition.uuid).exists()
    store.assign_case_id(*draw_ids(Petition, 1))
    write(store.transitions)
    assert _snapshot(petition) == _snapshot(in_database)
    events = Event.objects.filter(petition=petition)
    assert Outbox.objects.filter(event__in=events).count() == len(store.transitions)
    escalated = events.filter(data__has_key="escalation")
    known = set(Escalation.objects.filter(petition=petition).values_list("pk", flat=True))
    assert {event.data["escalation"] for event in escalated} == known
    assert integrity.replay_all() == []
