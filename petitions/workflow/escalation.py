"""Verbs of escalation: asking the level above by hand, and the answer it owes."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation
from petitions.enums import AnswerKind, DeadlineKind, DeadlineState, Verb
from petitions.models import Escalation, Petition
from petitions.permissions import By
from petitions.workflow import escalation_chain
from petitions.workflow.transitions import Transition, WrongState, transition

MAX_EXTENSION = dt.timedelta(days=30)


def escalate(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Ask the level above for help; it must answer within its own short limit."""
    with transition(
        petition, Verb.ESCALATE, by=by, now=now, expected_version=expected_version
    ) as change:
        escalation_chain.require_level_above(change.petition)
        change.add_note(reason, is_public=False)
        escalation_chain.escalate_to(change, deadline=None)
    return change.petition


def answer(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    kind: AnswerKind,
    text: str,
    department: Organisation | None = None,
    extension: dt.timedelta | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Answer an escalation in one of five ways; the handler goes on with what was given.

    `department` is needed to order a department, `extension` (working time of the case's standard)
    to accept an extension. An explanation is read by the resident, the others are internal.
    """
    with transition(
        petition, Verb.ANSWER, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        row = _unanswered(case)
        row.answer_kind, row.answered_by, row.answered_at = kind, change.user, now
        row.save(update_fields=["answer_kind", "answered_by", "answered_at"])
        case.is_answer_owed = False
        change.data = {"kind": str(kind), "escalation": row.pk}
        change.add_note(text, is_public=kind == AnswerKind.EXPLAIN)
        change.stop_deadlines(DeadlineState.MET, DeadlineKind.ANSWER)
        if kind == AnswerKind.DEPARTMENT:
            _order(change, department)
        if kind == AnswerKind.EXTEND:
            _extend(change, extension)
    return change.petition


def _unanswered(petition: Petition) -> Escalation:
    row = Escalation.objects.filter(petition=petition, answered_at=None).order_by("-id").first()
    if row is None:
        raise WrongState("nothing_to_answer", _("没有待答复的升级。"))
    return row


def _order(change: Transition, department: Organisation | None) -> None:
    if department is None or department.level != OrgLevel.DEPARTMENT:
        raise WrongState("no_department", _("请选择承办部门。"))
    change.petition.department = department
    change.data["department"] = department.pk


def _extend(change: Transition, extension: dt.timedelta | None) -> None:
    if extension is None or not dt.timedelta() < extension <= MAX_EXTENSION:
        raise WrongState("no_extension", _("请填写延长多久。"))
    if not change.petition.is_running:
        raise WrongState("not_running", _("现在没有办理时限可以延长。"))
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.CONTACT, DeadlineKind.RESOLUTION)
    found = change.start_deadline(
        DeadlineKind.RESOLUTION, organisation_id=change.petition.organisation_id, amount=extension
    )
    change.data["due_at"] = found.due_at.isoformat()
