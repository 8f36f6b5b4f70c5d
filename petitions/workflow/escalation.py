"""Verbs of escalation: escalate to the level above, and the answer that it owes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.enums import ESCALATION_ORDER
from branches.models import Organisation
from config.lib import durations
from members.models import User
from petitions import involvement, separation_of_duties
from petitions.actors import By
from petitions.enums import (
    HANDLER_DEADLINES,
    AnswerKind,
    CaseLevel,
    DeadlineKind,
    DeadlineState,
    Verb,
)
from petitions.models import Deadline, Escalation, Petition
from petitions.refusals import OWN_REQUEST, Decision
from petitions.rules import service_terms
from petitions.rules.service_terms import DeadlinePlan
from petitions.states import WAITING
from petitions.workflow import case_store, task_verbs
from petitions.workflow.case_store import transition
from petitions.workflow.escalation_chain import (
    EscalationChain,
    Target,
    current_level,
    next_supervisor,
)
from petitions.workflow.transitions import NotPermitted, Transition, WrongState


def escalate(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Ask the level above for help; it must answer within its own deadline."""
    with transition(
        petition, Verb.ESCALATE, by=by, now=now, expected_version=expected_version
    ) as change:
        decision = _at_the_top(change.petition)
        if not decision:
            raise WrongState(decision.code, decision.reason)
        change.add_note(reason, is_public=False)
        escalate_to(change, deadline=None)
    return change.petition


def escalate_to(
    change: Transition,
    *,
    deadline: Deadline | None,
    chain: EscalationChain | None = None,
    is_asked_by_resident: bool = False,
) -> None:
    """Make the next level above supervise the case and owe an answer; the handler stays.

    `deadline` is the one that passed. At the top the supervisor that has answered owes another
    answer; one that is still owed stays owed. With nobody above, the case gets a new date. `chain`
    is given when it has been read for many cases together.
    """
    petition = change.petition
    if chain is None:
        chain = change.store.escalation_chain([petition], timezone.localdate(change.now))
    asker = None if is_asked_by_resident else change.user
    asker_id = asker.pk if asker else None
    target = next_supervisor(petition, chain, is_late=deadline is not None, asker_id=asker_id)
    if target is None:
        change.data["top"] = True
        target = _supervisor_again(petition)
    if target is None:
        if deadline is not None and not petition.is_answer_owed:
            _go_on_at_the_top(change, deadline)
        return
    change.raised = Escalation(
        petition=petition,
        deadline=deadline,
        from_organisation_id=_asking_organisation_id(petition, target),
        to_organisation=target.organisation,
        level=target.level,
        skipped=target.skipped,
        raised_by=asker,
        created_at=change.now,
    )
    if petition.is_answer_owed:
        change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.ANSWER)
    petition.supervisor = target.organisation
    petition.level = target.level
    petition.is_answer_owed = True
    change.data |= {
        "to": target.organisation.pk,
        "skipped": target.skipped,
        "deadline": deadline.kind if deadline else None,
    }
    change.start_deadline(DeadlineKind.ANSWER, organisation_id=target.organisation.pk)


def _supervisor_again(petition: Petition) -> Target | None:
    """Return the supervisor at the top if it has answered; None if it has not, or there is none."""
    supervisor = involvement.supervisor(petition)
    if supervisor is None or petition.is_answer_owed:
        return None
    return Target(supervisor, CaseLevel(petition.level))


def _go_on_at_the_top(change: Transition, expired: Deadline) -> None:
    """Start a new date for a case of the highest organisation if nothing else runs in it.

    Nobody above could owe an answer, and without a date the case would never be reported again.
    What has passed stays owed, and the case stays overdue. One query.
    """
    owed = change.owed_deadlines(HANDLER_DEADLINES)
    if not any(row.state == DeadlineState.OPEN and row.pk != expired.pk for row in owed):
        change.start_next_date()


def _asking_organisation_id(petition: Petition, target: Target) -> int:
    """Return the organisation below the target: the supervisor so far, or the responsible one.

    Its Party group where a branch supervises the group itself.
    """
    if target.organisation.pk == petition.organisation_id and petition.assigned_group_id:
        return petition.assigned_group_id
    supervisor_id = petition.supervisor_id
    if supervisor_id is None or supervisor_id == target.organisation.pk:
        return petition.organisation_id
    return supervisor_id


def restore_owed_answer(change: Transition) -> None:
    """Let the supervisor owe its answer again if the case ended without one.

    One query, none without a supervisor.
    """
    petition = change.petition
    if petition.supervisor_id is None:
        return
    escalation = change.store.unanswered_escalation(petition)
    if escalation is None or petition.supervisor_id != escalation.to_organisation_id:
        return
    petition.is_answer_owed = True
    change.start_deadline(DeadlineKind.ANSWER, organisation_id=petition.supervisor_id)


def answer(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    kind: AnswerKind,
    text: str,
    department: Organisation | None = None,
    within: dt.timedelta | None = None,
    extension: dt.timedelta | None = None,
    counted_from: dt.datetime | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Answer an escalation in one of five ways; the handler continues with the case.

    `department` is required to order a department: it gets a task, to conclude `within` a time or
    that of the case's standard. `extension` is required to accept an extension: it moves the
    deadline for the result, counted from `counted_from` (now, or the instant at which the new date
    was shown). Both are working time of the standard. Any other answer sets a new date for the
    result if no deadline of the handling side runs any more. The resident reads an explanation;
    other answers are internal.
    """
    with transition(
        petition, Verb.ANSWER, by=by, now=now, expected_version=expected_version
    ) as change:
        escalation = change.store.unanswered_escalation(change.petition)
        if escalation is None:
            raise WrongState("nothing_to_answer", _("没有待答复的升级。"))
        decision = _own_request(change.user, change.petition, escalation)
        if not decision:
            raise NotPermitted(decision.code, decision.reason)
        change.answer_escalation(escalation, kind)
        change.data = {"kind": str(kind)}
        change.add_note(text, is_public=kind == AnswerKind.EXPLAIN)
        change.stop_deadlines(DeadlineState.MET, DeadlineKind.ANSWER)
        if kind == AnswerKind.DEPARTMENT:
            task_verbs.order(
                change,
                department,
                orderer_id=escalation.to_organisation_id,
                text=text,
                within=within,
            )
            change.data["department"] = change.data["doer"]
        if kind == AnswerKind.EXTEND:
            _extend(change, extension, counted_from or now)
        else:
            _set_next_date(change)
    return change.petition


def may(
    verb: Verb, petition: Petition, user: User, escalations: Iterable[Escalation] | None = None
) -> Decision:
    """Decide by the rules above whether to offer a verb that `permissions` allows.

    A page uses it to close what would be refused only after it was sent. `escalations` are those of
    the case where they are loaded; left out, one query for the verb "answer", none for others.
    """
    if verb == Verb.ESCALATE:
        return _at_the_top(petition)
    if verb != Verb.ANSWER:
        return Decision(True)
    if escalations is None:
        escalation = case_store.current().unanswered_escalation(petition)
    else:
        waiting = [row for row in escalations if row.answered_at is None]
        escalation = max(waiting, key=lambda row: row.pk, default=None)
    return _own_request(user, petition, escalation) if escalation else Decision(True)


def _at_the_top(petition: Petition) -> Decision:
    """Refuse to escalate where no level is above."""
    if current_level(petition) == ESCALATION_ORDER[-1]:
        return Decision(False, "at_the_top", _("已在市级，不能再升级。"))
    return Decision(True)


def _own_request(user: User | None, petition: Petition, escalation: Escalation) -> Decision:
    """Refuse an answer of the user who asked for it, or who had a post where it was asked for.

    Posts since the report count. The escalation names the organisation that asked; the columns of
    the case, which `permissions` reads, do not.
    """
    if user is None:
        return Decision(True)
    asking_id = escalation.from_organisation_id
    is_own = separation_of_duties.belongs_to(user.scope, asking_id, petition.created_at)
    is_internal = asking_id == escalation.to_organisation_id
    if escalation.raised_by_id == user.pk or (is_own and not is_internal):
        return Decision(False, "own_request", str(OWN_REQUEST))
    return Decision(True)


def _set_next_date(change: Transition) -> None:
    """Start a deadline for the result if none of the handling side runs: a date must follow.

    Deadlines that have passed stay owed, and the case stays overdue.
    """
    first = change.petition.due_at
    if first is not None and first > change.now:
        return
    owed = change.owed_deadlines(HANDLER_DEADLINES)
    if not any(row.state == DeadlineState.OPEN for row in owed):
        change.start_next_date()


def _extend(change: Transition, extension: dt.timedelta | None, counted_from: dt.datetime) -> None:
    petition = change.petition
    owed = change.owed_deadlines([DeadlineKind.RESOLUTION])
    was_due_at, plan = plan_extension(petition, extension, owed, counted_from)
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.RESOLUTION)
    change.started.append(plan.row(petition, petition.organisation_id))
    change.data |= {"was_due_at": was_due_at.isoformat(), "due_at": plan.due_at.isoformat()}


def plan_extension(
    petition: Petition,
    extension: dt.timedelta | None,
    owed: Iterable[Deadline],
    counted_from: dt.datetime,
) -> tuple[dt.datetime, DeadlinePlan]:
    """Return the present and the extended deadline for the result.

    `owed` are the deadlines for the result that are not settled. Raises WrongState before the case
    is accepted, for an extension that is too long by the clock of the case, and for one that does
    not move the deadline to a later time.
    """
    if petition.status in WAITING:
        words = _("还没有受理，不能延期。请先受理；要换组织办理的，请改派。")
        raise WrongState("not_accepted", words)
    terms = service_terms.for_petition(petition)
    if extension is None or not terms.is_grantable(extension):
        words = _("请填写延长多久，%(longest)s。") % {"longest": terms.longest}
        raise WrongState("no_extension", words)
    was_due_at = max((row.due_at for row in owed), default=None)
    if was_due_at is None:
        raise WrongState("not_running", _("现在没有办理时限可以延长。"))
    plan = terms.plan(DeadlineKind.RESOLUTION, start=counted_from, amount=extension)
    if plan.due_at <= was_due_at:
        names = {
            "new": durations.absolute(plan.due_at, counted_from),
            "old": durations.absolute(was_due_at, counted_from),
        }
        words = _("新的时限%(new)s不晚于现在的时限%(old)s，请多延一些。") % names
        raise WrongState("not_later", words)
    return was_due_at, plan
