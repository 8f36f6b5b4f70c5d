"""Which organisations can be ordered to do a task, and within which time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from petitions.actors import actors_of
from petitions.enums import Actor, AnswerKind
from petitions.models import CaseTask, Petition
from petitions.workflow import escalation
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage
from tests.support.verb_cases import escalated

DAY = dt.timedelta(days=1)


def _order(stage: Stage, petition: Petition, doer: str | None, **how: Any) -> Petition:
    return escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=timezone.now(),
        kind=AnswerKind.DEPARTMENT,
        text="请换管",
        department=stage.town.orgs[doer] if doer else None,
        **how,
    )


def test_only_who_ordered_is_the_orderer(stage: Stage) -> None:
    petition = _order(stage, escalated(stage), "water")
    found = {
        name for name, user in stage.cast.items() if Actor.ORDERER in actors_of(user, petition)
    }
    assert found == {"community"}


@pytest.mark.parametrize("doer", [None, "branch", "group", "fuxin"])
def test_only_a_department_is_ordered(stage: Stage, doer: str | None) -> None:
    petition = escalated(stage)
    with pytest.raises(WrongState) as refusal:
        _order(stage, petition, doer)
    assert refusal.value.code == "no_department"
    assert not CaseTask.objects.filter(petition=petition).exists()


@pytest.mark.parametrize("within", [dt.timedelta(), -DAY, 30 * DAY + DAY / 24])
def test_time_outside_one_moment_to_thirty_days_is_refused(
    stage: Stage, within: dt.timedelta
) -> None:
    petition = escalated(stage)
    with pytest.raises(WrongState) as refusal:
        _order(stage, petition, "water", within=within)
    assert refusal.value.code == "no_task_time"


def test_thirty_days_are_allowed(stage: Stage) -> None:
    _order(stage, escalated(stage), "water", within=30 * DAY)
    task = CaseTask.objects.get()
    assert task.due_at - task.sent_at == 30 * DAY
    assert task.acknowledge_by < task.due_at
