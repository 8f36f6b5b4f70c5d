"""An extension as the answer to an escalation: how long, and on which cases."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import AnswerKind, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Category, Deadline, Event, Petition
from petitions.workflow import escalation
from petitions.workflow.transitions import WrongState
from tests.support.api_client import Program
from tests.support.cast import HOUR, WORKDAY, Stage
from tests.support.verb_cases import escalated, post

DAY = dt.timedelta(days=1)


def _extend(stage: Stage, petition: Petition, extension: dt.timedelta | None) -> Petition:
    return escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=timezone.now(),
        kind=AnswerKind.EXTEND,
        text="同意延期",
        extension=extension,
    )


@pytest.mark.parametrize("extension", [None, dt.timedelta(), -DAY, 30 * DAY + DAY / 24])
def test_length_outside_one_moment_to_thirty_days_is_refused(
    stage: Stage, extension: dt.timedelta | None
) -> None:
    petition = escalated(stage)
    with pytest.raises(WrongState, match="延长多久") as refusal:
        _extend(stage, petition, extension)
    assert refusal.value.code == "no_extension"
    assert Petition.objects.get(pk=petition.pk).is_answer_owed


def test_thirty_days_are_allowed(stage: Stage) -> None:
    petition = _extend(stage, escalated(stage), 30 * DAY)
    assert not petition.is_answer_owed


# Where working time counts, 30 days are 30 working days of 8 hours.


@pytest.fixture
def normal(stage: Stage) -> Petition:
    """A case whose deadlines count working time, waiting for the answer of the community."""
    category = Category.objects.get(code="WS05")
    return escalation.escalate(
        petition=stage.at(Status.IN_PROGRESS, category=category),
        by=stage.cast["secretary"],
        now=timezone.now(),
        reason="需要资金",
    )


def test_thirty_working_days_are_allowed(stage: Stage, normal: Petition) -> None:
    assert not _extend(stage, normal, 30 * WORKDAY).is_answer_owed


@pytest.mark.parametrize("extension", [30 * WORKDAY + HOUR, 90 * WORKDAY, 30 * DAY])
def test_more_working_time_than_thirty_working_days_is_refused(
    stage: Stage, normal: Petition, extension: dt.timedelta
) -> None:
    with pytest.raises(WrongState, match="最多30个工作日") as refusal:
        _extend(stage, normal, extension)
    assert refusal.value.code == "no_extension"


def test_a_department_gets_thirty_working_days_at_most(stage: Stage, normal: Petition) -> None:
    body = {"kind": "department", "text": "请换管", "department": stage.town.orgs["water"].pk}
    program = Program(stage.cast["community"])
    refused = program.act(
        normal.pk, "answer", body | {"within_minutes": 30 * 24 * 60}, normal.version
    )
    assert refused.status_code == 409
    assert refused.json()["code"] == "no_task_time"
    assert "最多30个工作日" in refused.json()["detail"]
    longest = body | {"within_minutes": 30 * 8 * 60}
    assert program.act(normal.pk, "answer", longest, normal.version).status_code == 200


@pytest.mark.parametrize(("amount", "unit"), [("90", "days"), ("31", "days"), ("720", "hours")])
def test_the_page_refuses_more_at_its_field(
    stage: Stage, normal: Petition, amount: str, unit: str
) -> None:
    data = {"version": normal.version, "text": "同意", "kind": "extend"}
    response = post(stage, normal, Verb.ANSWER, data | {"amount": amount, "unit": unit})
    assert response.status_code == 400
    errors = response.context["form"].errors
    assert errors["amount"] == ["请填写延长多久，最多30个工作日。"]


def test_extension_replaces_the_deadline_of_the_result(stage: Stage) -> None:
    petition = escalated(stage)
    before = Deadline.objects.open().get(petition=petition, kind=DeadlineKind.RESOLUTION)
    _extend(stage, petition, 3 * DAY)
    before.refresh_from_db()
    after = Deadline.objects.open().get(petition=petition, kind=DeadlineKind.RESOLUTION)
    assert before.state == DeadlineState.CANCELLED
    assert after.organisation_id == petition.organisation_id
    assert after.due_at - after.started_at == 3 * DAY
    event = Event.objects.filter(petition=petition).latest("id")
    assert event.data["due_at"] == after.due_at.isoformat()
