"""The answer to an escalation: what the event, the note and the escalation record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from petitions.enums import AnswerKind, DeadlineKind, DeadlineState
from petitions.models import Deadline, Escalation, Event
from petitions.workflow import escalation
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.cast import Stage
from tests.support.verb_cases import escalated

EXTRA: dict[AnswerKind, dict[str, Any]] = {AnswerKind.EXTEND: {"extension": dt.timedelta(days=1)}}


@pytest.mark.parametrize("kind", set(AnswerKind) - {AnswerKind.DEPARTMENT})
def test_answer_is_recorded(stage: Stage, kind: AnswerKind) -> None:
    petition, now, community = escalated(stage), timezone.now(), stage.cast["community"]
    how = EXTRA.get(kind, {})
    escalation.answer(petition=petition, by=community, now=now, kind=kind, text="说明", **how)
    event = Event.objects.filter(petition=petition).latest("id")
    assert event.data["kind"] == kind
    assert event.note.body == "说明"
    assert event.note.is_public is (kind == AnswerKind.EXPLAIN)
    row = Escalation.objects.get(petition=petition)
    assert (row.answer_kind, row.answered_by, row.answered_at) == (kind, community, now)
    deadline = Deadline.objects.get(petition=petition, kind=DeadlineKind.ANSWER)
    assert (deadline.state, deadline.settled_at) == (DeadlineState.MET, now)


def test_department_is_recorded_beside_the_kind(stage: Stage) -> None:
    petition, water = escalated(stage), stage.town.orgs["water"]
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=timezone.now(),
        kind=AnswerKind.DEPARTMENT,
        text="请换管",
        department=water,
    )
    event = Event.objects.filter(petition=petition).latest("id")
    assert (event.data["kind"], event.data["department"]) == (AnswerKind.DEPARTMENT, water.pk)


def test_escalation_is_answered_once(stage: Stage) -> None:
    petition = escalated(stage)
    how: dict[str, Any] = {"kind": AnswerKind.RESOURCES, "text": "派人", "now": timezone.now()}
    escalation.answer(petition=petition, by=stage.cast["community"], **how)
    with pytest.raises((WrongState, NotPermitted)) as refusal:
        escalation.answer(petition=petition, by=stage.cast["community"], **how)
    assert refusal.value.code == "nothing_to_answer"
