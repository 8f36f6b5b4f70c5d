"""When the handling side of a case owes its next step, as the case itself says it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import HANDLER_DEADLINES, DeadlineKind, Status
from petitions.models import Deadline, Petition
from petitions.workflow import escalation, rerouting
from tests.support.cast import PATHS, Stage

NOW = dt.datetime(2026, 3, 2, 11, 0, tzinfo=timezone.get_default_timezone())
HOUR = dt.timedelta(hours=1)


def _assert_is_that_of_the_first_deadline(petition: Petition) -> None:
    petition = Petition.objects.get(pk=petition.pk)
    owed = Deadline.objects.owed().filter(petition=petition, kind__in=HANDLER_DEADLINES)
    first = owed.order_by("due_at").first()
    expected = (
        (first.due_at, first.remind_at, first.is_provisional) if first else (None, None, False)
    )
    assert (petition.due_at, petition.soon_at, petition.is_due_provisional) == expected


@pytest.mark.parametrize("status", PATHS)
def test_due_date_in_every_status(stage: Stage, status: Status) -> None:
    _assert_is_that_of_the_first_deadline(stage.at(status, now=NOW))


def test_answer_of_the_level_above_does_not_count(stage: Stage) -> None:
    """It is due after two hours, the result of the handling side after a day."""
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="难")
    assert Petition.objects.get(pk=petition.pk).due_at == NOW + 24 * HOUR
    _assert_is_that_of_the_first_deadline(petition)


def test_answer_and_decision_have_dates_of_their_own(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED, now=NOW)
    asked = escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="难")
    answer = Deadline.objects.owed().get(petition=petition, kind=DeadlineKind.ANSWER)
    assert (asked.answer_due_at, asked.answer_soon_at) == (answer.due_at, answer.remind_at)
    assert asked.decision_due_at is None
    returned = rerouting.return_(
        petition=asked, by=stage.cast["secretary"], now=NOW, reason="不归我管"
    )
    decision = Deadline.objects.owed().get(petition=petition, kind=DeadlineKind.ARBITRATION)
    assert (returned.decision_due_at, returned.decision_soon_at) == (
        decision.due_at,
        decision.remind_at,
    )


def test_deadline_in_a_year_without_calendar_is_provisional(stage: Stage) -> None:
    """The town has published no calendar of any year."""
    petition = stage.at(Status.ACCEPTED, now=NOW, urgency="normal")
    assert Petition.objects.get(pk=petition.pk).is_due_provisional
    _assert_is_that_of_the_first_deadline(petition)
