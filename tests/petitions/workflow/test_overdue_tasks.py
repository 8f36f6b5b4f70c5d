"""Overdue tasks: who is notified, exactly once, and vacant posts."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.models import InboxMessage, Post
from petitions.enums import TASK_DEADLINES, DeadlineKind, DeadlineState, TaskState, Verb
from petitions.models import Deadline, Escalation, Event, Petition
from petitions.ops.scheduled_tasks import drain_outbox, sweep_deadlines
from petitions.workflow import deadline_sweep, escalation, task_verbs
from tests.support import task_steps
from tests.support.cast import SINCE, Stage

HOUR = dt.timedelta(hours=1)
NOW = timezone.now()


def _owed(petition: Petition) -> dict[str, Deadline]:
    rows = Deadline.objects.owed().filter(petition=petition, kind__in=TASK_DEADLINES)
    return {row.kind: row for row in rows}


def _expire(petition: Petition, kind: DeadlineKind) -> dt.datetime:
    row = _owed(petition)[kind]
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    return row.due_at


@pytest.mark.parametrize("kind", TASK_DEADLINES)
def test_an_overdue_task_climbs_to_whoever_ordered_it(stage: Stage, kind: DeadlineKind) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    drain_outbox()
    before = InboxMessage.objects.count()
    now = _expire(petition, kind)
    drain_outbox()
    event = Event.objects.filter(petition=petition).latest("version")
    assert (event.verb, event.data["kind"], event.at) == (Verb.OVERDUE, kind, now)
    messages = InboxMessage.objects.order_by("id")[before:]
    assert {(row.kind, row.user.username) for row in messages} == {
        ("task_overdue", "community"),
        ("task_overdue", "department"),
    }


def test_an_overdue_task_does_not_escalate_the_case(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    escalations = Escalation.objects.count()
    _expire(petition, DeadlineKind.ACKNOWLEDGE)
    petition.refresh_from_db()
    assert (petition.level, petition.is_answer_owed) == ("community", False)
    assert Escalation.objects.count() == escalations
    assert task_steps.task_of(petition).state == TaskState.SENT  # still owed


def test_each_deadline_climbs_exactly_once(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW - dt.timedelta(days=3))
    for _turn in range(3):
        sweep_deadlines()
    overdue = Event.objects.filter(petition=petition, verb=Verb.OVERDUE)
    assert sorted(event.data["kind"] for event in overdue) == ["acknowledge", "conclude"]


def test_the_doer_is_reminded_before_it_is_due(stage: Stage) -> None:
    petition = task_steps.acknowledged(stage, now=NOW)
    row = _owed(petition)[DeadlineKind.CONCLUDE]
    drain_outbox()
    assert deadline_sweep.remind(deadline_id=row.pk, now=row.remind_at)
    drain_outbox()
    message = InboxMessage.objects.latest("id")
    assert (message.kind, message.user.username) == ("reminder", "department")


def test_a_late_reply_is_still_taken(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    now = _expire(petition, DeadlineKind.CONCLUDE) + HOUR
    task_verbs.conclude(
        petition=petition,
        by=stage.cast["department"],
        now=now,
        outcome=TaskState.DONE,
        text="办好了",
    )
    row = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONCLUDE)
    assert (row.state, row.settled_at) == (DeadlineState.FIRED, now)


def _vacate(username: str) -> None:
    Post.objects.filter(user__username=username).update(valid_to=SINCE)


def test_an_order_to_a_vacant_department_reaches_the_level_above(stage: Stage) -> None:
    _vacate("department")
    task_steps.ordered(stage, now=NOW)
    drain_outbox()
    assert InboxMessage.objects.get(kind="assigned").user == stage.cast["city"]


def test_an_overdue_task_of_a_vacant_orderer_climbs_to_the_supervisor(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="难")
    drain_outbox()
    _vacate("community")
    _expire(petition, DeadlineKind.ACKNOWLEDGE)
    drain_outbox()
    told = InboxMessage.objects.filter(kind="task_overdue").values_list("user__username", flat=True)
    assert set(told) == {"official", "department"}
