"""What the counters of the pages must say, as `oracle`: apart from the rules of the product."""

from __future__ import annotations

from members.enums import Role
from petitions.enums import Status, TaskState, Verb
from petitions.states import OPEN, RUNNING
from tests.support.oracle import HEAD_ROLES, POSTS, Case, is_other_side, organisations_above


def _is_mine(who: str, case: Case) -> bool:
    own = {post.body for post in POSTS[who] if post.role != Role.MEMBER and post.body}
    if case.status == Status.RETURNED:
        return case.arbiter in own
    return case.status in RUNNING and (
        case.handler in own or case.group in own or who in case.people
    )


def _is_held_by_former(case: Case) -> bool:
    """Tell whether a running case is held by a former member or an organisation that ended."""
    has_left = any(case.handler not in organisations_above(name) for name in case.people)
    return case.status in RUNNING and (has_left or "gone" in (case.handler, case.group))


def _own(who: str) -> set[str]:
    return {post.body for post in POSTS[who] if post.role != Role.MEMBER and post.body}


def _awaits(who: str, case: Case) -> bool:
    headed = {post.body for post in POSTS[who] if post.role in HEAD_ROLES and post.body}
    is_own_request = is_other_side(who, case, Verb.ANSWER)
    return case.is_answer_owed and case.above in headed and not is_own_request


def _has_task(name: str, who: str, case: Case) -> bool:
    """Tell whether a case counts under one of the counters of tasks."""
    own = _own(who)
    done = [task for task in case.tasks if task.doer in own]
    ordered = [task for task in case.tasks if task.orderer in own]
    states = {
        "to_acknowledge": [task.state == TaskState.SENT for task in done],
        "to_conclude": [task.state == TaskState.ACKNOWLEDGED for task in done],
        "task_overdue": [task.is_owed and task.is_overdue for task in done + ordered],
        "handed_back": [task.state == TaskState.HANDED_BACK for task in done + ordered],
        "ordered": [task.is_owed or task.state == TaskState.HANDED_BACK for task in ordered],
    }
    return any(states[name])


TASK_COUNTERS = ("to_acknowledge", "to_conclude", "task_overdue", "handed_back", "ordered")


def counts_as(name: str, who: str, case: Case) -> bool:
    """Tell whether an open case counts under one of the counters of the pages."""
    if name in TASK_COUNTERS:
        return _has_task(name, who, case) and case.status in OPEN
    return {
        "open": True,
        "overdue": case.is_overdue and case.status in RUNNING,
        "due_soon": case.is_due_soon and case.status in RUNNING,
        "to_accept": case.status == Status.SUBMITTED,
        "waiting": _awaits(who, case),
        "returned": case.status == Status.RETURNED,
        "to_confirm": case.status == Status.RESOLVED,
        "escalated": case.is_answer_owed,
        "mine": _is_mine(who, case),
        "former_holder": _is_held_by_former(case),
    }[name] and case.status in OPEN
