"""Events of tasks as text, for the timeline of staff; `names` are organisations by id."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.lib import durations
from petitions.enums import DeadlineKind, TaskState, Verb
from petitions.models import Event

Names = Mapping[int, str]


def _name(names: Names, event: Event, key: str = "doer") -> str:
    return names.get(event.data.get(key) or 0, "")


def _about_doer(text: StrOrPromise) -> Callable[[Names, Event], str]:
    return lambda names, event: str(text) % {"name": _name(names, event)}


def _concluded(names: Names, event: Event) -> str:
    outcome = TaskState(event.data["outcome"]).label
    return _("%(name)s回复：%(outcome)s") % {"name": _name(names, event), "outcome": outcome}


def _overdue(names: Names, event: Event) -> str:
    both = {"name": _name(names, event), "orderer": _name(names, event, "orderer")}
    if event.data.get("kind") == DeadlineKind.ACKNOWLEDGE:
        return _("%(name)s超期没有签收，已报%(orderer)s") % both
    return _("%(name)s超期没有回复，已报%(orderer)s") % both


TITLES: dict[Verb, Callable[[Names, Event], str]] = {
    Verb.ACKNOWLEDGE: _about_doer(gettext_lazy("%(name)s签收了任务")),
    Verb.CONCLUDE: _concluded,
    Verb.HAND_BACK: _about_doer(gettext_lazy("%(name)s退回任务")),
    Verb.CANCEL: _about_doer(gettext_lazy("撤销交给%(name)s的任务")),
    Verb.SEND_AGAIN: _about_doer(gettext_lazy("再次交给%(name)s办理")),
    Verb.OVERDUE: _overdue,
}
"""What happened to the task, as the title of the event."""


def due(event: Event) -> str:
    """Return until when a task must be concluded; nothing for orders of earlier releases."""
    if "due_at" not in event.data:
        return ""
    due_at = durations.absolute(dt.datetime.fromisoformat(event.data["due_at"]), event.at)
    return _("最晚%(due)s回复。") % {"due": due_at}


def cancelled(names: Names, event: Event) -> str:
    """Return whose tasks ended with the case or its answer."""
    doers = [names.get(pk, "") for pk in event.data.get("doers", ())]
    return (
        _("同时撤销没有办完的任务：%(names)s。") % {"names": _("、").join(doers)} if doers else ""
    )


def proposed(names: Names, event: Event) -> str:
    """Return who should do instead what was returned or handed back; empty if nobody was named."""
    name = _name(names, event, "proposed")
    return _("建议由 %(name)s 办理。") % {"name": name} if name else ""


def hand_back_reasons(names: Names, events: Iterable[Event]) -> dict[int, str]:
    """Return by task why it was last handed back, and who should do it instead.

    `events` are those of a case, oldest first.
    """
    reasons = {}
    for event in events:
        if event.verb == Verb.HAND_BACK and "task" in event.data:
            note = getattr(event, "note", None)
            lines = [note.body if note else "", proposed(names, event)]
            reasons[event.data["task"]] = "\n".join(line for line in lines if line)
    return reasons
