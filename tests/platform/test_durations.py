"""Deadlines in words: how much time is left, and in which unit it counts."""

from __future__ import annotations

import datetime as dt

import pytest

from config.lib import durations
from grids.calendar.working_time import OFFICIAL_ZONE, Block, Season, WorkCalendar

CALENDAR = WorkCalendar(
    days={},
    seasons=(
        Season(
            "01-01",
            "12-31",
            (Block(dt.time(10), dt.time(14)), Block(dt.time(15, 30), dt.time(19, 30))),
        ),
    ),
    known_years=frozenset({2026}),
)
TUESDAY = dt.datetime(2026, 3, 3, tzinfo=OFFICIAL_ZONE)
SECONDS = dt.timedelta(seconds=59)


def _at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return TUESDAY + dt.timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("now", "due", "calendar", "words"),
    [
        (_at(0, 11), _at(0, 13), None, "还剩 2小时（全天计时）"),
        (_at(0, 11), _at(2, 13), None, "还剩 2天2小时（全天计时）"),
        (_at(0, 11), _at(0, 13), CALENDAR, "还剩 2小时（工作时间）"),
        (_at(0, 19), _at(1, 10, 20), CALENDAR, "还剩 50分钟（工作时间）"),
        (_at(0, 11), _at(1, 13), CALENDAR, "还剩 1个工作日2小时"),
        (_at(0, 13), _at(0, 11), None, "已超期 2小时（全天计时）"),
        (_at(0, 16), _at(0, 11), CALENDAR, "已超期 3小时30分钟（工作时间）"),
        (_at(1, 13), _at(0, 11), CALENDAR, "已超期 1个工作日2小时"),
        (_at(0, 22), _at(0, 19, 30), CALENDAR, "已超期 2小时30分钟（都是下班时间）"),
        (_at(0, 11), _at(0, 11), CALENDAR, "刚刚超期"),
        (_at(0, 11) + SECONDS, _at(0, 11), CALENDAR, "刚刚超期"),
        (_at(0, 11, 1), _at(0, 11), CALENDAR, "已超期 1分钟（工作时间）"),
        (_at(0, 22) + SECONDS, _at(0, 22), CALENDAR, "刚刚超期"),
        (_at(0, 22, 1), _at(0, 22), CALENDAR, "已超期 1分钟（都是下班时间）"),
        (_at(0, 10) + SECONDS, _at(0, 9, 59), CALENDAR, "已超期 不到1分钟（工作时间）"),
        (_at(0, 10), _at(0, 9, 59), CALENDAR, "已超期 1分钟（都是下班时间）"),
        (_at(0, 22), _at(0, 19, 29) + SECONDS, CALENDAR, "已超期 不到1分钟（工作时间）"),
        (_at(0, 11) + SECONDS, _at(0, 11), None, "刚刚超期"),
        (_at(0, 11, 1), _at(0, 11), None, "已超期 1分钟（全天计时）"),
    ],
)
def test_time_left_says_its_unit(
    now: dt.datetime, due: dt.datetime, calendar: WorkCalendar | None, words: str
) -> None:
    assert durations.time_left(due, None, now, calendar).relative == words
