"""A person who heads two departments, each with a task in the same case."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from members.enums import Role
from members.models import User
from members.workflow import appoint
from petitions.enums import AnswerKind, TaskState
from petitions.models import CaseTask
from petitions.workflow import case_tasks, escalation
from tests.support import task_steps
from tests.support.cast import SINCE, Stage


def _states() -> list[str]:
    return list(CaseTask.objects.order_by("id").values_list("state", flat=True))


def test_the_oldest_task_that_waits_is_acknowledged(stage: Stage) -> None:
    heating, _fitter = task_steps.second_department(stage)
    user, role = stage.cast["department"], Role.DEPARTMENT_HANDLER
    appoint(user=user, role=role, by=None, valid_from=SINCE, organisation=heating)
    both, now = User.objects.get(pk=user.pk), timezone.now()
    petition = escalation.escalate(
        petition=task_steps.ordered(stage, now=now),
        by=stage.cast["secretary"],
        now=now,
        reason="还要停暖",
    )
    how: dict[str, Any] = {"kind": AnswerKind.DEPARTMENT, "text": "请停暖"}
    petition = escalation.answer(
        petition=petition, by=stage.cast["official"], now=now, department=heating, **how
    )
    for expected in (
        [TaskState.ACKNOWLEDGED, TaskState.SENT],
        [TaskState.ACKNOWLEDGED, TaskState.ACKNOWLEDGED],
    ):
        petition = case_tasks.acknowledge(petition=petition, by=both, now=now)
        assert _states() == expected
