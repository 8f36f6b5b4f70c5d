"""The promise of a case: one sentence that says what happens next, by whom and by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.lib import durations
from petitions import involvement
from petitions.enums import HANDLER_DEADLINES, AnswerKind, DeadlineKind, Status
from petitions.models import Deadline, Escalation, Petition
from petitions.rules import service_terms
from petitions.states import FINAL


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence about what happens next, and its state.

    `state` is `ok`, `soon` or `overdue` for a deadline of the handling side, `waiting` while the
    resident is asked, and `met` when the case has ended.
    """

    text: str
    state: str
    due: durations.InstantText | None = None

    @property
    def staff_state(self) -> str:
        """The state as the component of the promise shows it to staff."""
        return "paused" if self.state == "waiting" else self.state

    @property
    def resident_state(self) -> str:
        """The state as the component of the promise shows it to the resident, who must act soon."""
        return "soon" if self.state == "waiting" else self.state


def promise(petition: Petition, now: dt.datetime, deadlines: Iterable[Deadline]) -> Promise:
    """Return the promise of a case; `deadlines` are those of the case that are not settled."""
    status = Status(petition.status)
    if status in FINAL:
        return Promise(_ended(status), "met")
    owed = {row.kind: row for row in deadlines if row.settled_at is None}
    kind = _next_kind(status, owed)
    row = owed.get(kind) if kind else None
    if row is None:
        return Promise(_("%(who)s正在办理。") % {"who": petition.organisation.short_name}, "ok")
    if row.due_at <= now and row.kind in HANDLER_DEADLINES and (answer := _answered(petition)):
        return _since_answered(petition, answer, owed.get(DeadlineKind.RESOLUTION), now)
    due = service_terms.for_petition(petition).time_left(row, now)
    supervisor = involvement.supervisor(petition)
    names = {
        "who": petition.organisation.short_name,
        "due": due.absolute,
        "level": supervisor.short_name if supervisor else "",
    }
    if row.kind == DeadlineKind.CONFIRMATION:
        return Promise(
            _("请在%(due)s前确认是否解决；逾期未回复将自动结案。") % names, "waiting", due
        )
    return Promise(_sentence(DeadlineKind(row.kind), due.state) % names, due.state, due)


def _answered(petition: Petition) -> Escalation | None:
    """Return the last escalation if the supervising organisation has answered it."""
    if involvement.supervisor_id(petition) is None or petition.is_answer_owed:
        return None
    last = petition.escalations.select_related("to_organisation").order_by("-id").first()
    return last if last and last.answered_at else None


def _since_answered(
    petition: Petition, answer: Escalation, result: Deadline | None, now: dt.datetime
) -> Promise:
    """Return the promise after an answer: what was answered, and the next deadline."""
    names = {
        "who": petition.organisation.short_name,
        "level": answer.to_organisation.short_name,
        "kind": AnswerKind(answer.answer_kind).label,
    }
    if result is None or result.due_at <= now:
        text = _("%(level)s已答复：%(kind)s。原定时限已过，%(who)s正在抓紧办理。") % names
        return Promise(text, "overdue")
    due = service_terms.for_petition(petition).time_left(result, now)
    names["due"] = due.absolute
    text = _("%(level)s已答复：%(kind)s。%(who)s将在%(due)s前告诉您处理结果。") % names
    return Promise(text, due.state, due)


def _next_kind(status: Status, owed: dict[str, Deadline]) -> DeadlineKind | None:
    if status == Status.RESOLVED:
        return DeadlineKind.CONFIRMATION
    for kind in (DeadlineKind.ANSWER, DeadlineKind.CONTACT, DeadlineKind.RESOLUTION):
        if kind in owed:
            return kind
    return None


def _sentence(kind: DeadlineKind, state: str) -> str:
    late = state == "overdue"
    if kind == DeadlineKind.ANSWER:
        if late:
            return _("%(level)s应在%(due)s前答复，已超期，正在继续上报。")
        return _("已上报%(level)s，%(level)s将在%(due)s前作出答复。")
    if kind == DeadlineKind.CONTACT:
        if late:
            return _("%(who)s应在%(due)s前受理，已超期，正在上报。")
        return _("%(who)s将在%(due)s前受理并告诉您下一步。")
    if late:
        return _("%(who)s应在%(due)s前给出结果，已超期，正在上报。")
    return _("%(who)s将在%(due)s前告诉您处理结果。")


def _ended(status: Status) -> str:
    return {
        Status.CLOSED: _("已经结案。"),
        Status.DECLINED: _("没有受理，原因见下方。"),
        Status.REDIRECTED: _("已转其他法定途径，办法见下方。"),
        Status.WITHDRAWN: _("已按您的要求撤回。"),
        Status.MERGED: _("已与同一件事并案办理。"),
    }[status]
