"""The line of a case for staff: the reader's own duty, otherwise whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from branches import register_rows
from config.lib import durations
from members.models import User
from petitions import permissions
from petitions.actors import actors_of
from petitions.enums import HANDLER_DEADLINES, Actor, Status, Verb
from petitions.models import CaseTask, Petition
from petitions.rules import contact_points, duties
from petitions.rules.duties import Duty, UnsettledDeadline

# Per verb: the sentence in time, and the one after the deadline.
Sentences = dict[Verb, tuple[StrOrPromise, StrOrPromise]]
OWN: Sentences = {
    Verb.ACCEPT: (
        gettext_lazy("请您在%(due)s前受理。"),
        gettext_lazy("您应在%(due)s前受理，已超期，请马上受理。"),
    ),
    Verb.RESOLVE: (
        gettext_lazy("请您在%(due)s前办结并答复居民。"),
        gettext_lazy("您应在%(due)s前办结并答复居民，已超期，请马上办理。"),
    ),
    Verb.ANSWER: (
        gettext_lazy("请您在%(due)s前答复这次升级。"),
        gettext_lazy("您应在%(due)s前答复这次升级，已超期，请马上答复。"),
    ),
    Verb.REASSIGN: (
        gettext_lazy("请您在%(due)s前决定由谁办理。"),
        gettext_lazy("您应在%(due)s前决定由谁办理，已超期，请马上决定。"),
    ),
    Verb.ACKNOWLEDGE: (
        gettext_lazy("请您在%(due)s前签收交办的任务。"),
        gettext_lazy("您应在%(due)s前签收交办的任务，已超期，请马上签收。"),
    ),
    Verb.CONCLUDE: (
        gettext_lazy("请您在%(due)s前回复任务的办理结果。"),
        gettext_lazy("您应在%(due)s前回复任务的办理结果，已超期，请马上回复。"),
    ),
}
OTHERS: Sentences = {
    Verb.ACCEPT: (
        gettext_lazy("等%(who)s在%(due)s前受理。"),
        gettext_lazy("%(who)s应在%(due)s前受理，已超期。"),
    ),
    Verb.RESOLVE: (
        gettext_lazy("等%(who)s在%(due)s前办结。"),
        gettext_lazy("%(who)s应在%(due)s前办结，已超期。"),
    ),
    Verb.ANSWER: (
        gettext_lazy("等%(who)s在%(due)s前答复升级。"),
        gettext_lazy("%(who)s应在%(due)s前答复升级，已超期。"),
    ),
    Verb.REASSIGN: (
        gettext_lazy("等%(who)s在%(due)s前决定由谁办理。"),
        gettext_lazy("%(who)s应在%(due)s前决定由谁办理，已超期。"),
    ),
    Verb.CONFIRM: (
        gettext_lazy("等居民在%(due)s前回复；逾期未回复将自动结案。"),
        gettext_lazy("居民没有在%(due)s前回复，就要自动结案。"),
    ),
}


TURNS: Sentences = {
    Verb.ACCEPT: (gettext_lazy("等您受理"), gettext_lazy("等%(who)s受理")),
    Verb.RESOLVE: (gettext_lazy("等您办理"), gettext_lazy("等%(who)s办理")),
    Verb.ANSWER: (gettext_lazy("等您答复"), gettext_lazy("等%(who)s答复")),
    Verb.REASSIGN: (gettext_lazy("等您决定由谁办"), gettext_lazy("等%(who)s决定由谁办")),
    Verb.ACKNOWLEDGE: (gettext_lazy("等您签收"), gettext_lazy("等%(who)s签收")),
    Verb.CONCLUDE: (gettext_lazy("等您回复"), gettext_lazy("等%(who)s回复")),
}
"""Per verb: the turn of the reader, and the turn of another organisation."""


@dataclass(frozen=True, slots=True)
class StaffLine:
    """What must happen next, for one reader of the staff.

    `state` is `ok`, `soon` or `overdue`, `paused` while the resident is asked, `met` at the end.
    `is_own`: the reader must act.
    """

    text: str
    state: str
    due: durations.InstantText | None = None
    duty: Duty | None = None
    is_own: bool = False


def staff_line(
    petition: Petition,
    now: dt.datetime,
    deadlines: Iterable[UnsettledDeadline],
    reader: User | None = None,
) -> StaffLine:
    """Return the line for `reader`; `deadlines` are those of the case that are not settled.

    A duty of a task is the own duty of those who do it; others read about it beside the task. Who
    ordered a task that was handed back must decide, without a deadline.
    Without a reader (a print, which several people read) the line names the organisation.
    """
    rows = list(deadlines)
    all_duties = duties.duties(petition, rows, now)
    line = None if reader is None else _own_line(petition, all_duties, rows, reader, now)
    if line is not None:
        return line
    duty = duties.next_duty(all_duties)
    if duty is None:
        return StaffLine(_ended(petition), "met")
    state = "paused" if duty.verb == Verb.CONFIRM else duty.due.state
    return StaffLine(_others_text(petition, duty, reader), state, duty.due, duty)


def _own_line(
    petition: Petition,
    all_duties: list[Duty],
    rows: list[UnsettledDeadline],
    reader: User,
    now: dt.datetime,
) -> StaffLine | None:
    """Return the line of a reader who must act: the own duty, and the tasks handed back."""
    tasks = duties.task_duties(petition, rows, now)
    own = duties.own_duty(petition, [*all_duties, *tasks], reader)
    decision = _decision(duties.tasks_to_decide(petition, reader))
    if own is not None:
        text = _own_text(petition, own, reader) + decision
        return StaffLine(text, own.due.state, own.due, own, is_own=True)
    return StaffLine(decision, "soon", is_own=True) if decision else None


def _decision(tasks: Sequence[CaseTask]) -> str:
    """Say which tasks were handed back to the reader, who decides; empty if none was."""
    if not tasks:
        return ""
    doers = register_rows.organisations(task.doer_id for task in tasks)
    names = _("、").join(doers[task.doer_id].short_name for task in tasks)
    return _("%(names)s退回了任务，请您决定：再交办、换一家或撤销。") % {"names": names}


def _own_text(petition: Petition, duty: Duty, reader: User) -> str:
    """Say what the reader must do by when; an assignee works for the organisation that answers.

    Who asked for the answer is not named: the columns of the case do not tell it.
    """
    names = {"due": duty.due.absolute, "who": petition.organisation.short_name}
    if duty.verb == Verb.RESOLVE and Actor.HANDLER not in actors_of(reader, petition):
        words = (
            _("%(who)s应在%(due)s前答复居民，已超期，请您马上办理。")
            if duty.is_late
            else _("请您抓紧办理，%(who)s要在%(due)s前答复居民。")
        )
        return words % names
    return str(OWN[duty.verb][duty.is_late]) % names


def _others_text(petition: Petition, duty: Duty, reader: User | None) -> str:
    """Say whose turn it is; while the resident is asked, also whether the reader can call."""
    who = duty.organisation.short_name if duty.organisation else ""
    text = str(OTHERS[duty.verb][duty.is_late]) % {"due": duty.due.absolute, "who": who}
    if (
        duty.verb == Verb.CONFIRM
        and reader is not None
        and permissions.may(Verb.CONFIRM, petition, reader)
        and contact_points.has_phone(petition)
    ):
        text += _("可以打电话回访。")
    return text


def turn(petition: Petition, duty: Duty | None, *, is_own: bool) -> str:
    """Say in a few words whose turn it is to do what, for a row of a list.

    Where the case is overdue by another duty than the one shown, the words say so first.
    """
    if petition.status == Status.RESOLVED:
        return _("等居民回复")
    if duty is None or duty.organisation is None:
        return ""
    words = str(TURNS[duty.verb][not is_own]) % {"who": duty.organisation.short_name}
    return words if duty.kind in HANDLER_DEADLINES else _with_overdue(petition, words, duty.now)


def turn_to_decide(petition: Petition, now: dt.datetime) -> str:
    """Say in a few words that the reader must decide on a task that was handed back."""
    return _with_overdue(petition, _("等您决定退回的任务"), now)


def _with_overdue(petition: Petition, words: str, now: dt.datetime) -> str:
    """Put before the turn that the case is overdue by another duty than the one shown.

    While a case is returned, its responsible organisation cannot act, so that it is not named.
    """
    if not petition.is_running or petition.due_at is None or petition.due_at > now:
        return words
    if petition.status == Status.RETURNED:
        return _("已超期 · %(turn)s") % {"turn": words}
    names = {"who": petition.organisation.short_name, "turn": words}
    return _("%(who)s已超期 · %(turn)s") % names


def _ended(petition: Petition) -> str:
    return _("已经办完：%(status)s。") % {"status": petition.status_label}
