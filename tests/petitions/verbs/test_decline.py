from __future__ import annotations

from django.utils import timezone

from petitions.enums import Status, Verb
from petitions.workflow import escalation, handling
from tests.support.cast import Stage
from tests.support.verb_cases import perform, post


def test_the_resident_reads_reason_and_way(stage: Stage) -> None:
    note = perform(stage, Verb.DECLINE).notes.get()
    assert note.is_public
    assert "不在本社区范围。" in note.body
    assert "12345" in note.body


def test_another_way_must_be_named(stage: Stage) -> None:
    response = post(stage, stage.at(Status.SUBMITTED), Verb.DECLINE, way="other")
    assert response.status_code == 400
    assert "不在本社区范围。" in response.content.decode()


def test_an_escalation_of_a_declined_case_needs_no_answer(stage: Stage) -> None:
    how = {"petition": stage.at(Status.SUBMITTED), "by": stage.cast["secretary"]}
    asked = escalation.escalate(**how, now=timezone.now(), reason="不归我们管")
    assert asked.is_answer_owed
    declined = handling.decline(**how, now=timezone.now(), reason="不在范围")
    assert not declined.is_answer_owed
