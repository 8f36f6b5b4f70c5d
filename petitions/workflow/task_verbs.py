"""Tasks of a case: ordering them, the verbs on them, and what happens when one is overdue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation
from petitions import exclusion
from petitions.actors import By
from petitions.enums import (
    ACTIVE_TASKS,
    CONCLUDED_TASKS,
    TASK_DEADLINES,
    DeadlineKind,
    DeadlineState,
    PhotoKind,
    TaskState,
    Verb,
)
from petitions.models import CaseTask, Deadline, Petition
from petitions.refusals import acts_as_orderer, tasks_for
from petitions.rules.photos import StoredPhoto
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import Transition, WrongState

MET = DeadlineState.MET
CANCELLED = DeadlineState.CANCELLED


def order(
    change: Transition,
    doer: Organisation | None,
    *,
    orderer_id: int,
    text: str,
    within: dt.timedelta | None = None,
) -> None:
    """Add a task to the case of a transition and start its deadlines.

    `within` is the time until the conclusion (working time of the case's standard); left out, the
    standard decides. The acknowledgement is due at that time at the latest.
    """
    doer = _checked_doer(change, doer)
    task = CaseTask(
        petition=change.petition,
        orderer_id=orderer_id,
        doer=doer,
        text=text.strip(),
        sent_at=change.now,
    )
    change.petition.case_tasks.append(task)
    _send(change, task, doer, within)


def _send(
    change: Transition, task: CaseTask, doer: Organisation, within: dt.timedelta | None
) -> None:
    """Start the deadlines of a task that is sent now, and update the columns of the case."""
    petition = change.petition
    petition.department = doer
    petition.doer_ids = sorted({row.doer_id for row in petition.case_tasks})
    change.task = task
    change.tasks = [task]
    change.data |= {"doer": doer.pk, "orderer": task.orderer_id}
    if within is not None and not change.terms.is_grantable(within):
        words = _("请填写多久以内回复，%(longest)s。") % {"longest": change.terms.longest}
        raise WrongState("no_task_time", words)
    conclude = within or change.terms.allowed(DeadlineKind.CONCLUDE)
    acknowledge = min(conclude, change.terms.allowed(DeadlineKind.ACKNOWLEDGE))
    task.acknowledge_by, task.due_at = (
        change.start_deadline(kind, organisation_id=doer.pk, amount=amount, task=task).due_at
        for kind, amount in zip(TASK_DEADLINES, (acknowledge, conclude), strict=True)
    )
    change.data["due_at"] = task.due_at.isoformat()


def _checked_doer(
    change: Transition, doer: Organisation | None, *, besides: CaseTask | None = None
) -> Organisation:
    """Return the organisation that gets a task; refuse one that may not or that has one already."""
    petition = change.petition
    day = timezone.localdate(change.now)
    is_department = doer is not None and doer.level == OrgLevel.DEPARTMENT
    if doer is None or not is_department or not doer.is_valid_on(day):
        raise WrongState("no_department", _("请选择承办部门。"))
    if petition.is_sealed:
        raise WrongState("sealed", _("检举控告件不能交给部门办理。"))
    if exclusion.is_organisation_excluded(doer, petition):
        raise WrongState("own_cause", _("被反映的组织不能办理本件。"))
    for task in petition.case_tasks:
        if task is not besides and task.doer_id == doer.pk and task.state in ACTIVE_TASKS:
            raise WrongState("already_ordered", _("这个部门已有一项任务还没有办完。"))
    return doer


def acknowledge(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    task: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Acknowledge a task, which meets its first deadline; the oldest one if none is named."""
    with transition(
        petition, Verb.ACKNOWLEDGE, by=by, now=now, expected_version=expected_version
    ) as change:
        candidates = tasks_for(Verb.ACKNOWLEDGE, change.petition, by)
        _change_task(change, candidates[0].pk if task is None else task, TaskState.ACKNOWLEDGED)
        change.stop_task_deadlines(MET, DeadlineKind.ACKNOWLEDGE)
    return change.petition


def conclude(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    outcome: TaskState,
    text: str,
    photos: Sequence[StoredPhoto] = (),
    task: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Report that a task is done or not possible; the responsible organisation goes on.

    Words and photos are internal. `task` is needed if the actor has several tasks in the case.
    """
    with transition(
        petition, Verb.CONCLUDE, by=by, now=now, expected_version=expected_version
    ) as change:
        if outcome not in CONCLUDED_TASKS:
            raise WrongState("no_outcome", _("请选择办理结果。"))
        _change_task(change, task, outcome)
        change.data["outcome"] = str(outcome)
        change.add_note(text, is_public=False)
        change.add_photos(photos, kind=PhotoKind.HANDLING, is_public=False)
        change.stop_task_deadlines(MET, *TASK_DEADLINES)
    return change.petition


def hand_back(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    proposed: Organisation | None = None,
    task: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Hand a task back, with the reason and, if known, who should do it.

    The ordering organisation decides.

    `task` is needed if the actor has several tasks in the case.
    """
    with transition(
        petition, Verb.HAND_BACK, by=by, now=now, expected_version=expected_version
    ) as change:
        _change_task(change, task, TaskState.HANDED_BACK)
        change.data["proposed"] = proposed.pk if proposed else None
        change.add_note(reason, is_public=False)
        change.stop_task_deadlines(MET, DeadlineKind.ACKNOWLEDGE)
        change.stop_task_deadlines(CANCELLED, DeadlineKind.CONCLUDE)
    return change.petition


def cancel(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    task: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Cancel a task that is not concluded; its deadlines end.

    `task` is needed if the actor ordered several tasks in the case.
    """
    with transition(
        petition, Verb.CANCEL, by=by, now=now, expected_version=expected_version
    ) as change:
        _change_task(change, task, TaskState.CANCELLED)
        change.add_note(reason, is_public=False)
        change.stop_task_deadlines(CANCELLED, *TASK_DEADLINES)
    return change.petition


def send_again(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    text: str,
    department: Organisation | None = None,
    within: dt.timedelta | None = None,
    task: int | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Send a task again that was handed back or concluded, to the same department or another.

    Its deadlines start anew. `task` is needed if the actor ordered several tasks in the case.
    """
    with transition(
        petition, Verb.SEND_AGAIN, by=by, now=now, expected_version=expected_version
    ) as change:
        row = _change_task(change, task, TaskState.SENT)
        doer = _checked_doer(change, department or row.doer, besides=row)
        row.doer, row.text, row.sent_at = doer, text.strip(), now
        row.round += 1
        change.add_note(text, is_public=False)
        _send(change, row, doer, within)
    return change.petition


def _change_task(change: Transition, task_id: int | None, state: TaskState) -> CaseTask:
    """Give the task a new state; refuse if it is not the actor's, or if several could be meant."""
    tasks = tasks_for(change.verb, change.petition, change.by)
    if task_id is not None:
        tasks = [task for task in tasks if task.pk == task_id]
    if len(tasks) > 1:
        raise WrongState("which_task", _("请选择是哪一项任务。"))
    if not tasks:
        raise WrongState("no_task", _("现在没有要这样办的任务。"))
    (task,) = tasks
    change.task = task
    change.tasks = [task]
    change.data |= {"doer": task.doer_id, "orderer": task.orderer_id}
    is_orderer = acts_as_orderer(change.verb)
    change.acting_for_id = task.orderer_id if is_orderer else task.doer_id
    _set_state(task, state, change.now)
    return task


def _set_state(task: CaseTask, state: TaskState, now: dt.datetime) -> None:
    task.state = state
    task.version += 1
    task.ended_at = None if state in ACTIVE_TASKS else now


def cancel_with_case(change: Transition) -> None:
    """Cancel the active tasks of a case that is answered or ends; its event names their doers."""
    tasks = [task for task in change.petition.case_tasks if task.state in ACTIVE_TASKS]
    if not tasks:
        return
    for task in tasks:
        _set_state(task, TaskState.CANCELLED, change.now)
    change.tasks = tasks
    change.data["doers"] = [task.doer_id for task in tasks]
    change.stop_deadlines(CANCELLED, *TASK_DEADLINES)


def mark_overdue(change: Transition, deadline: Deadline) -> None:
    """Record that a deadline of a task passed; the ordering organisation is notified.

    The task stays owed. The case is not escalated, its own deadlines go on.
    """
    assert deadline.task is not None
    change.expire_deadline(deadline)
    change.task = deadline.task
    change.data |= {
        "doer": deadline.task.doer_id,
        "orderer": deadline.task.orderer_id,
        "kind": str(deadline.kind),
    }
