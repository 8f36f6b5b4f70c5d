"""Working time agrees with counting every minute of 2026."""

from __future__ import annotations

import csv
import datetime as dt
import time
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grids.calendar.working_time import DEFAULT_BLOCKS, Block, Season, WorkCalendar

ZONE = ZoneInfo("Asia/Shanghai")
DATA = Path(__file__).resolve().parents[3] / "grids" / "data" / "calendar_2026.csv"
SUMMER = (Block(dt.time(10), dt.time(14)), Block(dt.time(16), dt.time(20)))
WINTER = (Block(dt.time(10), dt.time(14)), Block(dt.time(15, 30), dt.time(19, 30)))
YEAR_START = dt.datetime(2026, 1, 1, tzinfo=ZONE)
MINUTES = 365 * 24 * 60


def read_days() -> dict[dt.date, bool]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return {
            dt.date.fromisoformat(row["date"]): row["is_workday"] == "true"
            for row in csv.DictReader(file)
        }


DAYS = read_days()
CALENDAR = WorkCalendar(
    days=DAYS,
    seasons=(Season("05-01", "09-30", SUMMER), Season("10-01", "04-30", WINTER)),
    known_years=frozenset({2026}),
)


def is_open(minute: int) -> bool:
    """Say by plain words of the notice whether a minute of 2026 is worked."""
    day = dt.date(2026, 1, 1) + dt.timedelta(days=minute // 1440)
    clock = minute % 1440
    if not DAYS.get(day, day.isoweekday() <= 5):
        return False
    morning = 10 * 60 <= clock < 14 * 60
    if 5 <= day.month <= 9:
        return morning or 16 * 60 <= clock < 20 * 60
    return morning or 15 * 60 + 30 <= clock < 19 * 60 + 30


OPEN = [is_open(minute) for minute in range(MINUTES)]
WORKED = list(accumulate(OPEN, initial=0))  # WORKED[m]: minutes worked before minute m


def at(minute: int) -> dt.datetime:
    return YEAR_START + dt.timedelta(minutes=minute)


minutes_of_year = st.integers(0, MINUTES - 1)
amounts = st.integers(0, 480 * 30)


def test_the_year_holds_what_the_notice_says() -> None:
    assert sum(DAYS.values()) == 6  # make-up days
    assert len(DAYS) - sum(DAYS.values()) == 33  # days off
    assert WORKED[-1] == CALENDAR.minutes_between(at(0), at(MINUTES))
    assert WORKED[-1] % 480 == 0


@given(start=minutes_of_year, amount=st.integers(1, 480 * 120))
@settings(max_examples=600)
def test_adding_agrees_with_counting_minutes(start: int, amount: int) -> None:
    wanted = WORKED[start] + amount
    if wanted > WORKED[-1]:
        return  # the answer lies after 2026
    due = CALENDAR.add_minutes(at(start), amount)
    assert due.at == at(bisect_left(WORKED, wanted))
    assert not due.provisional


@given(a=minutes_of_year, b=minutes_of_year)
@settings(max_examples=600)
def test_measuring_agrees_with_counting_minutes(a: int, b: int) -> None:
    assert CALENDAR.minutes_between(at(a), at(b)) == WORKED[b] - WORKED[a]


@given(minute=minutes_of_year)
@settings(max_examples=600)
def test_opening_agrees_with_counting_minutes(minute: int) -> None:
    assert CALENDAR.is_working(at(minute)) == OPEN[minute]
    opening = CALENDAR.next_opening(at(minute))
    if OPEN[minute]:
        assert opening == at(minute)
    elif True in OPEN[minute:]:
        assert opening == at(OPEN.index(True, minute))


@given(
    start=st.datetimes(dt.datetime(2025, 6, 1), dt.datetime(2027, 6, 1)),
    a=amounts,
    b=amounts,
)
@settings(max_examples=600)
def test_adding_is_additive_and_monotone(start: dt.datetime, a: int, b: int) -> None:
    begin = start.replace(tzinfo=ZONE)
    first = CALENDAR.add_minutes(begin, a).at
    both = CALENDAR.add_minutes(begin, a + b).at
    assert CALENDAR.add_minutes(first, b).at == both
    assert begin <= first <= both
    assert CALENDAR.minutes_between(begin, both) == a + b


@given(
    s=st.datetimes(dt.datetime(2025, 12, 1), dt.datetime(2027, 2, 1)),
    later=st.timedeltas(dt.timedelta(), dt.timedelta(days=40)),
    amount=amounts,
)
@settings(max_examples=300)
def test_starting_later_is_never_due_earlier(
    s: dt.datetime, later: dt.timedelta, amount: int
) -> None:
    begin = s.replace(tzinfo=ZONE)
    assert CALENDAR.add_minutes(begin, amount).at <= CALENDAR.add_minutes(begin + later, amount).at


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-23T11:00", 1, "2026-11-24T11:00"),
        ("2026-11-20T18:00", 1, "2026-11-23T18:00"),  # over a weekend
        ("2026-02-13T11:00", 1, "2026-02-14T11:00"),  # to a Saturday that is worked
        ("2026-02-14T11:00", 1, "2026-02-24T11:00"),  # over the Spring Festival
        ("2026-04-30T16:30", 1, "2026-05-06T17:00"),  # winter hours into summer hours
        ("2026-09-30T16:30", 1, "2026-10-08T16:00"),  # summer hours into winter hours
        ("2026-11-23T21:00", 1, "2026-11-24T19:30"),  # after closing: the end of the next day
        ("2026-11-22T12:00", 5, "2026-11-27T19:30"),  # from a Sunday
    ],
)
def test_working_days_keep_the_position_of_the_day(start: str, days: int, due: str) -> None:
    begin = dt.datetime.fromisoformat(start).replace(tzinfo=ZONE)
    expected = dt.datetime.fromisoformat(due).replace(tzinfo=ZONE)
    assert CALENDAR.add_working_days(begin, days).at == expected


def test_closing_time_is_due_at_closing_not_at_the_next_opening() -> None:
    start = dt.datetime(2026, 11, 23, 13, 0, tzinfo=ZONE)
    assert CALENDAR.add_minutes(start, 60).at == dt.datetime(2026, 11, 23, 14, 0, tzinfo=ZONE)
    assert CALENDAR.add_minutes(start, 61).at == dt.datetime(2026, 11, 23, 15, 31, tzinfo=ZONE)


def test_seconds_are_carried() -> None:
    start = dt.datetime(2026, 11, 23, 13, 59, 30, tzinfo=ZONE)
    assert CALENDAR.add_minutes(start, 1).at == dt.datetime(2026, 11, 23, 15, 30, 30, tzinfo=ZONE)


def test_any_zone_may_ask() -> None:
    start = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
    assert CALENDAR.is_working(start)
    assert CALENDAR.add_minutes(start, 60).at == dt.datetime(2026, 11, 23, 3, 0, tzinfo=dt.UTC)


def test_a_missing_year_gives_a_provisional_date_and_never_fails() -> None:
    start = dt.datetime(2026, 12, 31, 18, 0, tzinfo=ZONE)
    assert CALENDAR.add_minutes(start, 60).provisional is False
    over = CALENDAR.add_working_days(start, 1)
    assert over.provisional is True
    assert over.at == dt.datetime(2027, 1, 1, 18, 0, tzinfo=ZONE)  # a Friday: no notice yet
    assert CALENDAR.missing_years(dt.date(2026, 5, 1), dt.date(2028, 1, 1)) == [2027, 2028]


def test_without_office_hours_the_default_blocks_count() -> None:
    bare = WorkCalendar(days={}, seasons=(), known_years=frozenset())
    start = dt.datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
    assert bare.add_working_days(start, 1).at == dt.datetime(2026, 11, 23, 19, 30, tzinfo=ZONE)
    assert bare.day_minutes == 480 == sum(b.length.seconds for b in DEFAULT_BLOCKS) // 60


def test_working_time_is_not_taken_back() -> None:
    with pytest.raises(ValueError, match="forwards"):
        CALENDAR.add_minutes(YEAR_START, -1)
    assert CALENDAR.minutes_between(at(5000), at(4000)) == -CALENDAR.minutes_between(
        at(4000), at(5000)
    )


def test_a_year_is_laid_out_in_milliseconds_and_then_looked_up() -> None:
    fresh = WorkCalendar(CALENDAR.days, CALENDAR.seasons, CALENDAR.known_years)
    fresh.add_minutes(YEAR_START, 480 * 240)
    started = time.perf_counter()
    for _i in range(200):
        fresh.add_minutes(YEAR_START, 480 * 240)
    assert (time.perf_counter() - started) / 200 < 0.002
