"""Tasks as items of lists: what the home page and the case page show of a task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When
from django.urls import reverse

from branches import register_rows
from config.lib import durations
from config.lib.db import compiled_select
from members.models import User
from petitions import permissions
from petitions.actors import By
from petitions.enums import TASK_DEADLINES, DeadlineKind, TaskState, Verb
from petitions.models import CaseTask, Deadline, Petition
from petitions.refusals import acts_as_orderer, tasks_for
from petitions.rules import catalogue, duties, service_terms, task_queries
from petitions.rules.duties import Duty
from petitions.rules.service_terms import TimedDeadline
from petitions.states import TASK_SOURCES

STATE_STYLES = MappingProxyType(
    {
        TaskState.SENT: ("accent", "inbox"),
        TaskState.ACKNOWLEDGED: ("info", "wrench"),
        TaskState.DONE: ("done", "check-solid"),
        TaskState.NOT_POSSIBLE: ("soon", "circle-x"),
        TaskState.HANDED_BACK: ("soon", "corner-up-left"),
        TaskState.CANCELLED: ("neutral", "circle-x"),
    }
)
"""Tone and icon of the badge of each state."""

ORGANISATIONS = ("orderer", "doer")
FIRST_VERB = MappingProxyType(
    {
        TaskState.SENT: Verb.ACKNOWLEDGE,
        TaskState.ACKNOWLEDGED: Verb.CONCLUDE,
        TaskState.HANDED_BACK: Verb.SEND_AGAIN,
    }
)
"""The verb that a task in a state waits for."""


@dataclass(frozen=True, slots=True)
class DeadlineTimes:
    """The times of a deadline."""

    kind: str
    due_at: dt.datetime
    remind_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OwnTask:
    """The ids of a task in which a user has to act, and of its case.

    `remind_at`: for each of `TASK_DEADLINES` when 80 % of its time are used, None if not owed.
    """

    id: int
    petition_id: int
    remind_at: Sequence[dt.datetime | None]


@dataclass(frozen=True, slots=True)
class TaskDeadline:
    """A deadline of a task, as the tag `deadline` shows it."""

    label: str
    moment: durations.InstantText
    datetime: str


@dataclass(frozen=True, slots=True)
class TaskButton:
    """A verb on a task as a link to its form, or as a button that performs it at once."""

    label: str
    url: str
    task_id: int
    submits_directly: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A task in its case; `deadlines` are those not kept yet, the next one first.

    `reason` is why it was handed back, while that is to be decided on.
    """

    petition: Petition
    category: str
    task: CaseTask
    state_label: str
    tone: str
    icon: str
    deadlines: Sequence[TaskDeadline]
    buttons: Sequence[TaskButton]
    reason: str = ""

    @property
    def deadline_state(self) -> str:
        """The state of the next deadline."""
        return self.deadlines[0].moment.state if self.deadlines else ""


def of_case(
    petition: Petition,
    owed: Iterable[Deadline],
    by: By,
    now: dt.datetime,
    reasons: Mapping[int, str],
) -> list[TaskItem]:
    """Return the tasks of a case with the buttons of a user; `owed` are its owed deadlines.

    `reasons` are those of the tasks that were handed back, by task.

    Verbs of the doing organisation that are possible on one task only have their button in the head
    of the case page.
    """
    register_rows.attach(petition.case_tasks, organisations=ORGANISATIONS)
    by_task: dict[int | None, list[Deadline]] = {}
    for row in owed:
        by_task.setdefault(row.task_id, []).append(row)
    items = [
        _item(petition, task, by_task.get(task.pk, ()), by, now, is_page=True)
        for task in petition.case_tasks
    ]
    return [
        replace(item, reason=reasons.get(item.task.pk, ""))
        if item.task.state == TaskState.HANDED_BACK
        else item
        for item in items
    ]


def to_act_on(user: User, now: dt.datetime, count: int) -> list[OwnTask]:
    """Return the tasks in which a user has to act, the next deadline first; one query."""
    next_due = Case(When(state=TaskState.SENT, then=F("acknowledge_by")), default=F("due_at"))

    def build(now: dt.datetime) -> QuerySet[CaseTask, Any]:
        owed = Deadline.objects.owed().filter(task=OuterRef("pk")).order_by("-due_at")
        remind_at = [
            Subquery(owed.filter(kind=kind).values("remind_at")[:1]) for kind in TASK_DEADLINES
        ]
        tasks = task_queries.to_act_on(user, now).order_by(next_due, "id")
        return tasks.values_list("pk", "petition_id", *remind_at)[:count]

    key = ("to_act_on", count, *user.scope.key)
    return [
        OwnTask(pk, petition_id, remind_at)
        for pk, petition_id, *remind_at in compiled_select.rows(key, build, now)
    ]


def own_items(
    own: Sequence[OwnTask], petitions: Mapping[int, Petition], user: User, now: dt.datetime
) -> list[TaskItem]:
    """Return the items of a user's own tasks; `petitions` are their cases with all tasks."""
    tasks = {task.pk: task for row in own for task in petitions[row.petition_id].case_tasks}
    register_rows.attach([tasks[row.id] for row in own], organisations=ORGANISATIONS)
    return [
        _item(petitions[row.petition_id], tasks[row.id], _owed(row, tasks[row.id]), user, now)
        for row in own
    ]


def _owed(row: OwnTask, task: CaseTask) -> list[DeadlineTimes]:
    """Return the owed deadlines of a task; the task's own columns hold when they are due."""
    times = zip(TASK_DEADLINES, (task.acknowledge_by, task.due_at), row.remind_at, strict=True)
    return [
        DeadlineTimes(kind, due_at, remind_at)
        for kind, due_at, remind_at in times
        if remind_at is not None
    ]


def next_duties(user: User, petitions: Iterable[Petition], now: dt.datetime) -> dict[int, Duty]:
    """Return by case the next duty in a task of the user's own organisations; one query."""
    by_id = {petition.pk: petition for petition in petitions}
    tasks = task_queries.done_for(user).owed().filter(petition__in=by_id)
    owed = Deadline.objects.owed().filter(task__in=tasks.values("pk"))
    return {
        row.petition_id: duty
        for row in owed.order_by("-due_at", "-kind")
        for duty in duties.task_duties(by_id[row.petition_id], [row], now)
    }


def _moment(petition: Petition, row: TimedDeadline, now: dt.datetime) -> durations.InstantText:
    return service_terms.for_petition(petition).time_left(row, now)


def _item(
    petition: Petition,
    task: CaseTask,
    owed: Iterable[TimedDeadline],
    by: By,
    now: dt.datetime,
    *,
    is_page: bool = False,
) -> TaskItem:
    state = TaskState(task.state)
    tone, icon = STATE_STYLES[state]
    category = catalogue.read().by_id.get(petition.category_id)
    return TaskItem(
        petition=petition,
        category=catalogue.label(category or petition.category),
        task=task,
        state_label=str(state.label),
        tone=tone,
        icon=icon,
        deadlines=[
            TaskDeadline(
                str(DeadlineKind(row.kind).label),
                _moment(petition, row, now),
                row.due_at.isoformat(),
            )
            for row in owed
        ],
        buttons=list(_buttons(petition, task, state, by, is_page=is_page)),
    )


def _buttons(
    petition: Petition, task: CaseTask, state: TaskState, by: By, *, is_page: bool
) -> Iterable[TaskButton]:
    """Yield the verbs that a user may perform on a task now."""
    for verb in TASK_SOURCES:
        if not permissions.may(verb, petition, by):
            continue
        tasks = tasks_for(verb, petition, by)
        is_in_head = is_page and len(tasks) == 1 and not acts_as_orderer(verb)
        if task not in tasks or is_in_head:
            continue
        url = reverse(f"petitions:{verb}", args=[petition.pk])
        submits_directly = verb == Verb.ACKNOWLEDGE
        yield TaskButton(
            label=str(verb.label),
            url=url if submits_directly else f"{url}?task={task.pk}",
            task_id=task.pk,
            submits_directly=submits_directly,
            is_first=FIRST_VERB.get(state) == verb,
        )
