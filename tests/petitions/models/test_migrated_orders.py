"""The migration that makes tasks of orders stored by earlier releases."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from petitions.enums import Outcome, TaskState
from petitions.models import CaseTask, Deadline, Petition
from petitions.ops import integrity
from petitions.ops.audit_checks import Doubt
from petitions.ops.scheduled_tasks import drain_outbox
from petitions.workflow import resolution, task_verbs
from tests.support import task_steps
from tests.support.cast import Stage

migration = import_module("petitions.migrations.0036_tasks_of_open_orders")
HOUR = dt.timedelta(hours=1)


def _as_before(petition: Petition) -> None:
    """Take away what earlier releases did not store."""
    Deadline.objects.filter(task__petition=petition).delete()
    CaseTask.objects.filter(petition=petition).delete()
    Petition.objects.filter(pk=petition.pk).update(doer_ids=[])


def _migrate() -> None:
    with connection.cursor() as cursor:
        for sql in (migration.KEEP_ACCESS, migration.TASKS, migration.DEADLINES):
            cursor.execute(sql)


@pytest.fixture
def order(stage: Stage) -> Petition:
    petition = task_steps.ordered(stage)
    _as_before(petition)
    return Petition.objects.get(pk=petition.pk)


def test_an_open_order_becomes_a_task(stage: Stage, order: Petition) -> None:
    assert not Petition.objects.visible_to(stage.cast["department"]).exists()
    _migrate()
    task = task_steps.task_of(order)
    orgs = stage.town.orgs
    assert (task.orderer, task.doer, task.text) == (orgs["yingbin"], orgs["water"], "请换立管")
    assert (task.state, task.version) == (TaskState.SENT, 1)
    assert task.due_at - task.sent_at == 24 * HOUR  # an urgent case: round the clock
    assert Petition.objects.visible_to(stage.cast["department"]).get() == order
    drain_outbox()
    counts = integrity.check(with_photos=False)
    counts.pop(Doubt.WAITING, None)  # no worker chains the rows of a test
    assert {name: number for name, number in counts.items() if number} == {}


def test_the_task_can_be_worked_on(stage: Stage, order: Petition) -> None:
    _migrate()
    task_verbs.acknowledge(petition=order, by=stage.cast["department"], now=timezone.now())
    assert task_steps.task_of(order).state == TaskState.ACKNOWLEDGED


def test_a_second_run_adds_nothing(order: Petition) -> None:
    _migrate()
    _migrate()
    assert CaseTask.objects.count() == 1
    assert Deadline.objects.exclude(task=None).count() == 2


def test_an_answered_case_keeps_its_department_without_a_task(stage: Stage) -> None:
    petition = resolution.resolve(
        petition=task_steps.ordered(stage),
        by=stage.cast["secretary"],
        now=timezone.now(),
        outcome=Outcome.RESOLVED,
        cause="铁管",
        public_answer="已换管。",
    )
    _as_before(petition)
    _migrate()
    assert not CaseTask.objects.exists()
    assert Petition.objects.visible_to(stage.cast["department"]).get() == petition
