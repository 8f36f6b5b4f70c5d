"""Cases with a task of the water company, brought to a state by the workflow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation
from branches.workflow import add_organisation
from members.enums import Role
from members.models import User
from members.workflow import appoint, create_person
from petitions.enums import AnswerKind, Status, TaskState
from petitions.models import CaseTask, Petition
from petitions.workflow import escalation, task_verbs
from tests.support.cast import SINCE, Stage


def ordered(
    stage: Stage,
    *,
    now: dt.datetime | None = None,
    petition: Petition | None = None,
    **changes: Any,
) -> Petition:
    """Return a case in progress in which the community ordered the water company."""
    at = now or timezone.now()
    petition = escalation.escalate(
        petition=petition or stage.at(Status.IN_PROGRESS, now=at),
        by=stage.cast["secretary"],
        now=at,
        reason="要换立管",
    )
    arguments = {"department": stage.town.orgs["water"], "text": "请换立管"} | changes
    return escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=at,
        kind=AnswerKind.DEPARTMENT,
        **arguments,
    )


def acknowledged(stage: Stage, **changes: Any) -> Petition:
    """Return a case whose task the water company acknowledged."""
    now = changes.get("now") or timezone.now()
    return task_verbs.acknowledge(
        petition=ordered(stage, **changes), by=stage.cast["department"], now=now
    )


def concluded(stage: Stage, outcome: TaskState = TaskState.DONE, **changes: Any) -> Petition:
    """Return a case whose task the water company concluded."""
    now = changes.get("now") or timezone.now()
    return task_verbs.conclude(
        petition=acknowledged(stage, **changes),
        by=stage.cast["department"],
        now=now,
        outcome=outcome,
        text="立管已更换",
    )


def handed_back(stage: Stage, **changes: Any) -> Petition:
    """Return a case whose task the water company handed back."""
    now = changes.get("now") or timezone.now()
    return task_verbs.hand_back(
        petition=ordered(stage, **changes),
        by=stage.cast["department"],
        now=now,
        reason="是热力公司的管",
    )


def task_of(petition: Petition) -> CaseTask:
    """Return the only task of a case as it is stored."""
    return CaseTask.objects.get(petition=petition.pk)


def second_department(stage: Stage) -> tuple[Organisation, User]:
    """Add the heating company with one person to the town."""
    heating = add_organisation(
        level=OrgLevel.DEPARTMENT,
        kind=OrgKind.UTILITY,
        parent=stage.town.orgs["city"],
        area=stage.town.areas["city"],
        name="热力公司",
        short_name="热力公司",
        on=SINCE,
    )
    user = create_person(username="heating", name="示例heating", by=None)
    appoint(
        user=user,
        role=Role.DEPARTMENT_HANDLER,
        by=None,
        valid_from=SINCE,
        organisation=heating,
    )
    stage.cast["heating"] = User.objects.get(pk=user.pk)
    return heating, stage.cast["heating"]


def with_task(stage: Stage, petition: Petition, state: TaskState, now: dt.datetime) -> Petition:
    """Order the water company for a case within two hours and bring the task to a state."""
    arguments: dict[str, Any] = {
        "petition": petition,
        "now": now,
        "within": dt.timedelta(hours=2),
    }
    match state:
        case TaskState.HANDED_BACK:
            return handed_back(stage, **arguments)
        case TaskState.DONE:
            return concluded(stage, **arguments)
        case TaskState.ACKNOWLEDGED:
            return acknowledged(stage, **arguments)
        case _:
            return ordered(stage, **arguments)
