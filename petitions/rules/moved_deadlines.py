"""What an event says about a deadline that it moved."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from config.lib import durations
from petitions.enums import AnswerKind, DeadlineKind, Verb
from petitions.models import Event


def sentence(event: Event) -> str:
    """Return the new date for the result that an event set; empty if it set none.

    An extension moves the date; another answer sets one after the original date has passed; the
    calendar of a new year makes a provisional date final. The `due_at` of an order to a department
    is when the department must reply, not a date of the case.
    """
    if event.verb == Verb.RESCHEDULE:
        return _rescheduled(event)
    moved, following = event.data.get("due_at"), event.data.get("next_due_at")
    if following:
        words = _("原定时限已过，新的办结时限：%(new)s。")
        return words % {"new": _shown(following, event.at)}
    if not moved or event.data.get("kind") == AnswerKind.DEPARTMENT:
        return ""
    new, before = _shown(moved, event.at), event.data.get("was_due_at")
    if not before:  # an extension of an earlier release
        return _("新的办结时限：%(new)s。") % {"new": new}
    return _("办结时限由%(old)s改到%(new)s。") % {"old": _shown(before, event.at), "new": new}


def _rescheduled(event: Event) -> str:
    kind = str(DeadlineKind(event.data["kind"]).label)
    old, new = (_shown(event.data[name], event.at) for name in ("was_due_at", "due_at"))
    if old == new:
        return _("“%(kind)s”时限不变：%(new)s。") % {"kind": kind, "new": new}
    words = _("“%(kind)s”时限由暂定的%(old)s改到%(new)s。")
    return words % {"kind": kind, "old": old, "new": new}


def _shown(instant: str, at: dt.datetime) -> str:
    return durations.absolute(dt.datetime.fromisoformat(instant), at)
