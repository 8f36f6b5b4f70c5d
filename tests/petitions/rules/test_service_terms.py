"""Deadlines of the service terms: round the clock, in working time, provisional, extended."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from grids.calendar.working_time import WorkCalendar
from petitions.enums import DeadlineKind, Urgency
from petitions.models import Standard
from petitions.rules.service_terms import DeadlinePlan, ServiceTerms

TZ = ZoneInfo("Asia/Shanghai")
FRIDAY = dt.datetime(2026, 11, 20, 18, 30, tzinfo=TZ)
CALENDAR = WorkCalendar(days={}, seasons=(), known_years=frozenset({2026}))
HOUR = dt.timedelta(hours=1)


def _standard(*, is_round_the_clock: bool) -> Standard:
    return Standard(
        urgency=Urgency.URGENT,
        is_round_the_clock=is_round_the_clock,
        contact_within=2 * HOUR,
        resolve_within=24 * HOUR,
        answer_within=2 * HOUR,
        confirm_within=40 * HOUR,
        redo_within=8 * HOUR,
    )


def _terms(*, is_round_the_clock: bool) -> ServiceTerms:
    return ServiceTerms(_standard(is_round_the_clock=is_round_the_clock), CALENDAR)


def _plan(
    kind: DeadlineKind, *, clock: bool, start: dt.datetime = FRIDAY, **how: Any
) -> DeadlinePlan:
    return _terms(is_round_the_clock=clock).plan(kind, start=start, **how)


def test_round_the_clock_counts_every_minute() -> None:
    plan = _plan(DeadlineKind.CONTACT, clock=True)
    assert plan.due_at == FRIDAY + 2 * HOUR
    assert plan.remind_at == FRIDAY + dt.timedelta(minutes=96)


def test_working_time_skips_the_night_and_the_weekend() -> None:
    """18:30 on Friday plus two hours: one before closing at 19:30, one after opening on Monday."""
    plan = _plan(DeadlineKind.CONTACT, clock=False)
    assert plan.due_at == dt.datetime(2026, 11, 23, 11, 0, tzinfo=TZ)
    assert not plan.is_provisional


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize("seconds", [1, 20, 59, 60, 61, 150, 3599, 3600, 7199, 7200, 7201, 90_000])
def test_a_case_is_never_accepted_after_its_result_is_due(seconds: int, clock: bool) -> None:
    """The result is due when the offices close on Friday: there is no working time after it."""
    due = FRIDAY + HOUR
    now = due - dt.timedelta(seconds=seconds)
    terms = _terms(is_round_the_clock=clock)
    amount = terms.contact_before(due, now)
    plan = terms.plan(DeadlineKind.CONTACT, start=now, amount=amount)
    assert now < plan.due_at <= due
    if seconds < 60:
        assert plan.due_at == due
    elif seconds < 7200:
        assert due - plan.due_at < dt.timedelta(minutes=1)
    else:
        assert amount == 2 * HOUR


def test_without_working_time_before_the_result_the_contact_is_not_due_after_it() -> None:
    now = FRIDAY + 2 * HOUR  # closed until Monday
    terms = _terms(is_round_the_clock=False)
    plan = terms.plan(DeadlineKind.CONTACT, start=now, amount=terms.contact_before(now + HOUR, now))
    assert now <= plan.due_at <= now + HOUR


def test_confirmation_counts_working_time_even_for_urgent_cases() -> None:
    plan = _plan(DeadlineKind.CONFIRMATION, clock=True)
    assert plan.due_at == dt.datetime(2026, 11, 27, 18, 30, tzinfo=TZ)


def test_doing_it_again_has_its_own_limit() -> None:
    plan = _plan(DeadlineKind.RESOLUTION, clock=True, is_redo=True)
    assert plan.due_at == FRIDAY + 8 * HOUR


def test_an_extension_replaces_the_duration_not_the_clock() -> None:
    plan = _plan(DeadlineKind.RESOLUTION, clock=False, amount=8 * HOUR)
    assert plan.due_at == dt.datetime(2026, 11, 23, 18, 30, tzinfo=TZ)


def test_a_year_without_calendar_is_provisional_not_a_crash() -> None:
    start = dt.datetime(2026, 12, 31, 19, 0, tzinfo=TZ)
    plan = _plan(DeadlineKind.CONTACT, clock=False, start=start)
    assert plan.is_provisional
    assert plan.due_at == dt.datetime(2027, 1, 1, 11, 30, tzinfo=TZ)


@pytest.mark.parametrize(("days", "expected"), [(5, True), (8, False)])
def test_reopening_is_open_for_the_confirmation_window(days: int, expected: bool) -> None:
    now = FRIDAY + dt.timedelta(days=days)
    assert _terms(is_round_the_clock=False).may_reopen(FRIDAY, now) is expected


@pytest.mark.parametrize(("clock", "expected"), [(True, 48 * HOUR), (False, 2 * 8 * HOUR)])
def test_days_are_working_days_unless_every_hour_counts(
    clock: bool, expected: dt.timedelta
) -> None:
    assert _terms(is_round_the_clock=clock).days(2) == expected
