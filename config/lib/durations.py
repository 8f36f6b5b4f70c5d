"""Instants and deadlines in words: absolute and relative, deadlines in working time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE = dt.timedelta(minutes=1)
HOUR = 60
DAY = 24 * HOUR


class WorkingTime(Protocol):
    """The part of a working calendar that durations need."""

    @property
    def day_minutes(self) -> int:
        """Working minutes of one working day."""
        ...

    def minutes_between(self, earlier: dt.datetime, later: dt.datetime) -> int:
        """Whole working minutes from one instant to another."""
        ...

    def next_opening(self, at: dt.datetime) -> dt.datetime:
        """The instant itself in working time, otherwise the next one with working time."""
        ...


@dataclass(frozen=True, slots=True)
class InstantText:
    """An instant in words: `absolute`, `relative` and `state`.

    `absolute`: "11月24日 18:00"; `relative`: "还剩 3小时（工作时间）", with the unit of the time;
    `state`: `ok`, `soon` or `overdue` for an open deadline; `past` for an instant in the past.
    """

    absolute: str
    relative: str
    state: str


def absolute(at: dt.datetime, now: dt.datetime) -> str:
    """Return date and time in local time; the year only when it is not the current one."""
    local, today = timezone.localtime(at), timezone.localtime(now)
    if translation.get_language() == "en":
        date = (
            f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"
        )
    else:
        date = f"{local.month}月{local.day}日"
        date = date if local.year == today.year else f"{local.year}年{date}"
    return f"{date} {local:%H:%M}"


def format_minutes(minutes: int, day: int = DAY, *, is_working: bool = False) -> str:
    """Return a duration in its two largest units; `day` is the number of minutes in a day."""
    days, rest = divmod(max(minutes, 0), day)
    hours, minutes_left = divmod(rest, HOUR)
    parts = []
    if days:
        days_word = (
            ngettext("%(n)s个工作日", "%(n)s个工作日", days)
            if is_working
            else ngettext("%(n)s天", "%(n)s天", days)
        )
        parts.append(days_word % {"n": days})
    if hours:
        parts.append(ngettext("%(n)s小时", "%(n)s小时", hours) % {"n": hours})
    if minutes_left and not days:
        parts.append(ngettext("%(n)s分钟", "%(n)s分钟", minutes_left) % {"n": minutes_left})
    if not parts:
        return _("不到1分钟")
    return _("%(a)s%(b)s") % {"a": parts[0], "b": parts[1]} if len(parts) > 1 else parts[0]


def time_left(
    due_at: dt.datetime,
    soon_at: dt.datetime | None,
    now: dt.datetime,
    calendar: WorkingTime | None = None,
) -> InstantText:
    """Return an open deadline in words; with a calendar the relative part is in working time.

    The relative part says how its time counts: in working time or round the clock.
    """
    if now >= due_at:
        return InstantText(absolute(due_at, now), _overdue(due_at, now, calendar), "overdue")
    state = "soon" if soon_at is not None and now >= soon_at else "ok"
    return InstantText(absolute(due_at, now), _left(now, due_at, calendar), state)


def _left(now: dt.datetime, due_at: dt.datetime, calendar: WorkingTime | None) -> str:
    if calendar is None:
        return _("还剩 %(length)s（全天计时）") % {"length": _elapsed(now, due_at)}
    minutes, day = calendar.minutes_between(now, due_at), calendar.day_minutes
    words = _("还剩 %(length)s") if minutes >= day else _("还剩 %(length)s（工作时间）")
    return words % {"length": format_minutes(minutes, day, is_working=True)}


def _overdue(due_at: dt.datetime, now: dt.datetime, calendar: WorkingTime | None) -> str:
    """Say how long a deadline is overdue; elapsed time if no working time has passed since.

    In the first minute there is no time to name.
    """
    if now - due_at < MINUTE:
        return _("刚刚超期")
    if calendar is None:
        return _("已超期 %(length)s（全天计时）") % {"length": _elapsed(due_at, now)}
    minutes, day = calendar.minutes_between(due_at, now), calendar.day_minutes
    if now <= calendar.next_opening(due_at):
        return _("已超期 %(length)s（都是下班时间）") % {"length": _elapsed(due_at, now)}
    words = _("已超期 %(length)s") if minutes >= day else _("已超期 %(length)s（工作时间）")
    return words % {"length": format_minutes(minutes, day, is_working=True)}


def _elapsed(earlier: dt.datetime, later: dt.datetime) -> str:
    return format_minutes(int((later - earlier) / MINUTE))


def time_since(at: dt.datetime, now: dt.datetime) -> InstantText:
    """Return an instant of the past in words."""
    minutes = int((now - at) / MINUTE)
    words = _("刚刚") if minutes < 1 else _("%(length)s前") % {"length": format_minutes(minutes)}
    return InstantText(absolute(at, now), words, "past")
