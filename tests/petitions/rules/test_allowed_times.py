"""The time a standard allows for each deadline."""

from __future__ import annotations

import datetime as dt

import pytest

from grids.calendar.working_time import WorkCalendar
from petitions.enums import DeadlineKind, Urgency
from petitions.models import Standard
from petitions.rules.service_terms import ServiceTerms

HOUR = dt.timedelta(hours=1)
HOURS = {
    DeadlineKind.CONTACT: 2,
    DeadlineKind.RESOLUTION: 24,
    DeadlineKind.ANSWER: 3,
    DeadlineKind.ARBITRATION: 4,
    DeadlineKind.CONFIRMATION: 40,
    DeadlineKind.ACKNOWLEDGE: 5,
    DeadlineKind.CONCLUDE: 30,
}
REDO_HOURS = 8


def _terms() -> ServiceTerms:
    standard = Standard(
        urgency=Urgency.NORMAL,
        contact_within=HOURS[DeadlineKind.CONTACT] * HOUR,
        resolve_within=HOURS[DeadlineKind.RESOLUTION] * HOUR,
        answer_within=HOURS[DeadlineKind.ANSWER] * HOUR,
        arbitrate_within=HOURS[DeadlineKind.ARBITRATION] * HOUR,
        confirm_within=HOURS[DeadlineKind.CONFIRMATION] * HOUR,
        acknowledge_within=HOURS[DeadlineKind.ACKNOWLEDGE] * HOUR,
        conclude_within=HOURS[DeadlineKind.CONCLUDE] * HOUR,
        redo_within=REDO_HOURS * HOUR,
    )
    return ServiceTerms(standard, WorkCalendar(days={}, seasons=(), known_years=frozenset({2026})))


@pytest.mark.parametrize("kind", DeadlineKind)
def test_each_deadline_has_the_length_of_its_field(kind: DeadlineKind) -> None:
    assert _terms().allowed(kind) == HOURS[kind] * HOUR


@pytest.mark.parametrize("kind", set(DeadlineKind) - {DeadlineKind.RESOLUTION})
def test_only_the_result_has_another_length_when_done_again(kind: DeadlineKind) -> None:
    assert _terms().allowed(kind, is_redo=True) == HOURS[kind] * HOUR


def test_result_has_another_length_when_done_again() -> None:
    assert _terms().allowed(DeadlineKind.RESOLUTION, is_redo=True) == REDO_HOURS * HOUR
