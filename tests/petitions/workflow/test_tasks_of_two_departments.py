"""A person who heads two departments, each with a task in the same case."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from members.enums import Role
from members.models import User
from members.workflow import appoint
from petitions.enums import AnswerKind, TaskState, Verb
from petitions.models import CaseTask, Petition
from petitions.workflow import escalation, task_verbs
from tests.support import task_steps
from tests.support.cast import SINCE, Stage
from tests.support.verb_cases import url_of

HOME = "/home/"


def _states() -> list[str]:
    return list(CaseTask.objects.order_by("id").values_list("state", flat=True))


def _with_two_tasks(stage: Stage) -> tuple[Petition, User]:
    """Return a case with two tasks that are not acknowledged, and who heads both departments."""
    heating, _fitter = task_steps.second_department(stage)
    user, role = stage.cast["department"], Role.DEPARTMENT_HANDLER
    appoint(user=user, role=role, by=None, valid_from=SINCE, organisation=heating)
    now = timezone.now()
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
    return petition, User.objects.get(pk=user.pk)


def test_the_oldest_task_that_waits_is_acknowledged(stage: Stage) -> None:
    petition, both = _with_two_tasks(stage)
    for expected in (
        [TaskState.ACKNOWLEDGED, TaskState.SENT],
        [TaskState.ACKNOWLEDGED, TaskState.ACKNOWLEDGED],
    ):
        petition = task_verbs.acknowledge(petition=petition, by=both, now=timezone.now())
        assert _states() == expected


@pytest.mark.parametrize("page", ["home", "case"])
def test_the_button_beside_a_task_acknowledges_this_task(stage: Stage, page: str) -> None:
    petition, both = _with_two_tasks(stage)
    client = Client()
    client.force_login(both)
    address = HOME if page == "home" else petition.get_absolute_url()
    newest = CaseTask.objects.latest("id")
    form = re.compile(
        rf'name="version" value="(\d+)">\s*<input[^>]*name="task" value="{newest.pk}"'
    )
    (version,) = form.findall(client.get(address).content.decode())
    fields = {"version": version, "task": newest.pk}
    assert client.post(url_of(petition, Verb.ACKNOWLEDGE), fields).status_code == 302
    assert _states() == [TaskState.SENT, TaskState.ACKNOWLEDGED]


def test_a_task_that_is_not_ones_own_is_refused(stage: Stage) -> None:
    petition, both = _with_two_tasks(stage)
    client = Client()
    client.force_login(both)
    for task, status in (("999999", 409), ("none", 400)):
        fields = {"version": petition.version, "task": task}
        assert client.post(url_of(petition, Verb.ACKNOWLEDGE), fields).status_code == status
    assert _states() == [TaskState.SENT, TaskState.SENT]


@pytest.mark.parametrize("is_own", [True, False])
def test_a_form_about_one_task_never_changes_another(stage: Stage, is_own: bool) -> None:
    """The form names a task that was concluded meanwhile, or is another organisation's."""
    petition, both = _with_two_tasks(stage)
    user = both if is_own else stage.cast["heating"]
    first, second = CaseTask.objects.order_by("id")
    if is_own:
        how: dict[str, Any] = {"outcome": TaskState.DONE, "text": "已换好"}
        task_verbs.conclude(petition=petition, by=both, now=timezone.now(), task=first.pk, **how)
    petition.refresh_from_db()
    client = Client()
    client.force_login(user)
    fields = {"version": petition.version, "task": first.pk, "reason": "不归我们"}
    page = client.post(url_of(petition, Verb.HAND_BACK), fields)
    assert page.status_code == 400
    assert "重新选" in page.content.decode()
    second.refresh_from_db()
    assert second.state == TaskState.SENT
    assert (
        client.post(url_of(petition, Verb.HAND_BACK), fields | {"task": second.pk}).status_code
        == 302
    )
