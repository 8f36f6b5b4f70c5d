"""The sweep among others: what somebody works on is left alone, and whose clock decides."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from petitions.enums import DeadlineKind, DeadlineState
from petitions.models import Deadline, Escalation
from petitions.ops import scheduled_tasks
from petitions.workflow import deadline_sweep, handling
from tests.support.cast import Stage, build_cast, build_town

HOUR = dt.timedelta(hours=1)
A_DAY = dt.timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_a_limit_being_worked_on_is_left_alone() -> None:
    """While somebody accepts a case, its limit does not fire, neither then nor afterwards."""
    town = build_town()
    stage = Stage(town, build_cast(town))
    petition = stage.file(now=timezone.now() - 3 * HOUR).petition
    turns: list[deadline_sweep.SweepResult] = []

    def sweep() -> None:
        turns.append(deadline_sweep.expire_due(now=scheduled_tasks.database_now(), limit=5))
        connection.close()

    with transaction.atomic():
        handling.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
        sweeping = threading.Thread(target=sweep)
        sweeping.start()
        sweeping.join(timeout=1)
    sweeping.join()
    turns.append(deadline_sweep.expire_due(now=scheduled_tasks.database_now(), limit=5))
    assert turns == [deadline_sweep.SweepResult(taken=0, done=0)] * 2
    assert not Escalation.objects.exists()
    limit = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONTACT)
    assert limit.state == DeadlineState.MET


@pytest.mark.parametrize("ahead", [A_DAY, -A_DAY], ids=["ahead", "behind"])
def test_the_databases_clock_decides_whatever_ours_says(stage: Stage, ahead: dt.timedelta) -> None:
    now = scheduled_tasks.database_now()
    late = stage.file(now=now - 3 * HOUR).petition
    fresh = stage.file(now=now).petition
    with time_machine.travel(now + ahead):
        assert scheduled_tasks.sweep_deadlines() == 1
    assert list(Escalation.objects.values_list("petition", flat=True)) == [late.pk]
    assert Deadline.objects.open().filter(petition=fresh).count() == 2
