"""An extension as the answer to an escalation: how long, and on which cases."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import AnswerKind, DeadlineKind, DeadlineState
from petitions.models import Deadline, Event, Petition
from petitions.workflow import escalation
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage
from tests.support.verb_cases import escalated

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
