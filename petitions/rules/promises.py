"""The promise line of a case: the sentence that tells the resident who does what by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from config.lib import durations
from petitions import involvement
from petitions.enums import (
    HANDLER_DEADLINES,
    STAFF_DEADLINES,
    Actor,
    AnswerKind,
    CaseLevel,
    DeadlineKind,
    Status,
    Verb,
)
from petitions.models import Escalation, Petition
from petitions.rules import contact_points, duties
from petitions.rules.duties import Duty, UnsettledDeadline
from petitions.states import FINAL

K = DeadlineKind


@dataclass(frozen=True, slots=True)
class Promise:
    """What the resident reads about what happens next, and its state.

    `state` is `ok`, `soon` or `overdue` for a deadline of the handling side, `waiting` while the
    resident is asked, and `met` when the case has ended.
    """

    text: str
    state: str
    due: durations.InstantText | None = None
    duty: Duty | None = None

    @property
    def resident_state(self) -> str:
        """The state as the component of the promise shows it to the resident, who must act soon."""
        return "soon" if self.state == "waiting" else self.state

    @property
    def due_in(self) -> str:
        """How much time is left, with its unit; empty without a deadline."""
        return self.duty.time_left if self.duty else ""


def promise(
    petition: Petition,
    now: dt.datetime,
    deadlines: Iterable[UnsettledDeadline],
    *,
    is_joined: bool = False,
) -> Promise:
    """Return the promise of a case; `deadlines` are those of the case that are not settled.

    `is_joined`: for a resident who joined the case with "me too" and is not asked for anything.
    """
    status = Status(petition.status)
    if status in FINAL:
        return Promise(_ended(petition, is_joined=is_joined), "met")
    rows = list(deadlines)
    all_duties = duties.duties(petition, rows, now)
    duty = duties.next_duty(all_duties)
    if duty is None:
        return Promise(_("%(who)s正在办理。") % {"who": petition.organisation.short_name}, "ok")
    if duty.kind == K.CONFIRMATION:
        return _asked(petition, duty, is_joined=is_joined)
    said = _announced(petition, duty, all_duties)
    if said.state != "overdue" and any(
        row.kind in STAFF_DEADLINES and row.due_at <= now for row in rows
    ):
        return _overdue(petition, said, all_duties)
    return said


def _asked(petition: Petition, duty: Duty, *, is_joined: bool) -> Promise:
    """Return the promise while the resident is asked about the answer."""
    if petition.is_explained and not is_joined:
        words = _("请在%(due)s前告诉我们，您是否接受这个说明；逾期未回复将自动结案。")
    elif is_joined:
        words = _("已有答复，等反映人在%(due)s前回复；逾期未回复将自动结案。")
    else:
        words = _("请在%(due)s前确认是否解决；逾期未回复将自动结案。")
    return Promise(words % {"due": duty.due.absolute}, "waiting", duty.due, duty)


def _announced(petition: Petition, duty: Duty, all_duties: Sequence[Duty]) -> Promise:
    """Return the promise of the handling side: what was missed or answered, then what is next."""
    result = Promise(_sentence(petition, duty), duty.due.state, duty.due, duty)
    if duty.kind not in HANDLER_DEADLINES:
        return result
    answer_duty = next((row for row in all_duties if row.kind == K.ANSWER), None)
    if answer_duty is not None and answer_duty is not duty:
        state = "overdue" if answer_duty.is_late else result.state
        return replace(
            result, text=_joined(_sentence(petition, answer_duty), result.text), state=state
        )
    answer = _last_answer(petition, all_duties)
    if answer is None:
        return result
    names = {
        "level": answer.to_organisation.short_name,
        "kind": AnswerKind(answer.answer_kind).label,
    }
    words = _("%(level)s已答复：%(kind)s。")
    if duty.missed is not None or _missed_before(duty, all_duties):
        words = _("%(level)s已答复：%(kind)s。原定时限已过，")
        result = replace(result, state="overdue")
    return replace(result, text=words % names + result.text)


def _missed_before(duty: Duty, all_duties: Sequence[Duty]) -> Duty | None:
    """Return another duty of the responsible organisation that has passed, beside one that runs."""
    if duty.is_late:
        return None
    others = (row for row in all_duties if row is not duty and row.kind in HANDLER_DEADLINES)
    return next((row for row in others if row.is_late), None)


def _overdue(petition: Petition, said: Promise, all_duties: Sequence[Duty]) -> Promise:
    """Say first what was missed and is still owed, where what is next is not late itself.

    That a case was passed up says it already.
    """
    if said.duty is not None and said.duty.kind == K.ANSWER:
        return replace(said, state="overdue")
    late = _missed_before(said.duty, all_duties) if said.duty is not None else None
    words = _("原定时限已过。") if late is None else _sentence(petition, late)
    return replace(said, text=_joined(words, said.text), state="overdue")


def _joined(first: str, then: str) -> str:
    """Put two sentences after each other, as the language does."""
    return _("%(a)s%(b)s") % {"a": first, "b": then}


def _last_answer(petition: Petition, all_duties: Sequence[Duty]) -> Escalation | None:
    """Return the last escalation if a deadline passed and the supervisor has answered it."""
    if involvement.supervisor_id(petition) is None or petition.is_answer_owed:
        return None
    if not any(row.missed or row.is_late for row in all_duties):
        return None
    last = petition.escalations.select_related("to_organisation").order_by("-id").first()
    return last if last and last.answered_at else None


def _sentence(petition: Petition, duty: Duty) -> str:
    names = {
        "who": petition.organisation.short_name,
        "due": duty.due.absolute,
        "level": duty.organisation.short_name if duty.organisation else "",
    }
    return (_late_sentence if duty.is_late else _sentence_on_time)(petition, duty) % names


def _sentence_on_time(petition: Petition, duty: Duty) -> str:
    if duty.verb == Verb.REASSIGN:
        return _("%(who)s认为不归它办，%(level)s将在%(due)s前定下由谁办理。")
    if duty.verb == Verb.ANSWER:
        return _("已上报%(level)s，%(level)s将在%(due)s前作出答复。")
    return announcement(duty.kind, can_be_called=contact_points.may_be_called(petition))


def announcement(kind: str, *, can_be_called: bool) -> str:
    """Return the sentence with `who` and `due` that announces a deadline of the handling side.

    `can_be_called`: the handling organisation can call the resident; others read it themselves.
    """
    if kind == K.CONTACT:
        if can_be_called:
            return _("%(who)s将在%(due)s前受理并告诉您下一步。")
        return _("%(who)s将在%(due)s前受理，受理后查询页上能看到。")
    if can_be_called:
        return _("%(who)s将在%(due)s前告诉您处理结果。")
    return _("%(who)s将在%(due)s前给出处理结果，查询页上能看到。")


def _late_sentence(petition: Petition, duty: Duty) -> str:
    """Return the sentence of a duty that is late; one that still runs is about to be escalated."""
    late = {
        K.ANSWER: _("%(level)s应在%(due)s前答复，已超期。"),
        K.CONTACT: _("%(who)s应在%(due)s前受理，已超期。"),
        K.RESOLUTION: _("%(who)s应在%(due)s前给出结果，已超期。"),
    }
    escalating = {
        K.ANSWER: _("%(level)s应在%(due)s前答复，已超期，正在继续上报。"),
        K.CONTACT: _("%(who)s应在%(due)s前受理，已超期，正在上报。"),
        K.RESOLUTION: _("%(who)s应在%(due)s前给出结果，已超期，正在上报。"),
    }
    if duty.verb == Verb.REASSIGN:
        return _("%(level)s应在%(due)s前定下由谁办理，已超期。")
    is_escalating = duty.is_open and petition.level != CaseLevel.CITY
    return (escalating if is_escalating else late)[duty.kind]


def _ended(petition: Petition, *, is_joined: bool) -> str:
    status = Status(petition.status)
    if status == Status.WITHDRAWN:
        return _withdrawn(petition, is_joined=is_joined)
    return {
        Status.CLOSED: _("已经结案。"),
        Status.DECLINED: _("没有受理，原因见下方。"),
        Status.REDIRECTED: _("已转其他法定途径，办法见下方。"),
        Status.MERGED: _("已与同一件事并案办理。"),
    }[status]


def _withdrawn(petition: Petition, *, is_joined: bool) -> str:
    """Say who withdrew the report; where staff recorded it, who did. One query."""
    events = petition.events.filter(verb=Verb.WITHDRAW).exclude(actor=Actor.PETITIONER)
    event = events.select_related("acting_for", "organisation").first()
    if event is None:
        return _("反映人已撤回。") if is_joined else _("已按您的要求撤回。")
    words = _("%(who)s记录：反映人要求撤回。") if is_joined else _("%(who)s记录：您要求撤回。")
    return words % {"who": (event.acting_for or event.organisation).short_name}
