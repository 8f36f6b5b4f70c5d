"""The table of states: for each verb its source statuses, its target status and its actors.

Generated from it: buttons, API endpoints, the status × verb × actor test, the table of legal
transitions in the database, and the diagram of the README. Source: the rules of the 12345 hotline
and of the grid event flow. Escalation is not a state: it changes the level and the supervising
organisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from petitions.enums import (
    ACTIVE_TASKS,
    CONCLUDED_TASKS,
    OWED_TASKS,
    Actor,
    Status,
    TaskState,
    Verb,
)

S = Status
A = Actor

WAITING = (S.SUBMITTED, S.RETURNED)
IN_HAND = (S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.REOPENED)
RUNNING = (*WAITING, *IN_HAND)
OPEN = (*RUNNING, S.SUSPENDED, S.RESOLVED)
FINAL = (S.DECLINED, S.REDIRECTED, S.CLOSED, S.WITHDRAWN, S.MERGED)
STAFF = (A.HANDLER, A.ASSIGNEE, A.COORDINATOR, A.SUPERVISOR, A.DEPARTMENT, A.ARBITER)


@dataclass(frozen=True, slots=True)
class VerbRule:
    """The statuses in which a verb is possible, the status it leads to, and who may perform it.

    `to` is None if the status stays. `checks_version` is False where concurrent changes do no harm
    (adding a note); a form opened before such a change can still be submitted. `actors_from` names
    the only actors in some of the sources.
    """

    verb: Verb
    sources: tuple[Status, ...]
    to: Status | None
    actors: tuple[Actor, ...]
    checks_version: bool = True
    actors_from: Mapping[Status, tuple[Actor, ...]] = field(default_factory=dict)

    def actors_in(self, status: str) -> tuple[Actor, ...]:
        """Return who may perform the verb on a case in `status`, the preferred actor first."""
        return self.actors_from.get(Status(status), self.actors)


VERB_RULES: tuple[VerbRule, ...] = (
    VerbRule(Verb.FILE, (), S.SUBMITTED, (A.PETITIONER, A.COORDINATOR, A.HANDLER, A.PARTNER)),
    VerbRule(Verb.ACCEPT, (S.SUBMITTED,), S.ACCEPTED, (A.HANDLER, A.COORDINATOR)),
    VerbRule(Verb.DECLINE, (S.SUBMITTED,), S.DECLINED, (A.HANDLER, A.COORDINATOR)),
    VerbRule(Verb.REDIRECT, (S.SUBMITTED, S.ACCEPTED), S.REDIRECTED, (A.HANDLER, A.COORDINATOR)),
    VerbRule(Verb.DISPATCH, IN_HAND, S.ASSIGNED, (A.HANDLER,)),
    VerbRule(
        Verb.START, (S.ACCEPTED, S.ASSIGNED, S.REOPENED), S.IN_PROGRESS, (A.HANDLER, A.ASSIGNEE)
    ),
    VerbRule(Verb.VISIT, IN_HAND, S.IN_PROGRESS, (A.HANDLER, A.ASSIGNEE), checks_version=False),
    VerbRule(Verb.NOTE, OPEN, None, STAFF, checks_version=False),
    VerbRule(Verb.PHOTO, OPEN, None, STAFF, checks_version=False),
    VerbRule(Verb.RESOLVE, IN_HAND, S.RESOLVED, (A.HANDLER,)),
    VerbRule(Verb.CONFIRM, (S.RESOLVED,), S.CLOSED, (A.PETITIONER, A.COORDINATOR)),
    VerbRule(Verb.DISPUTE, (S.RESOLVED,), S.REOPENED, (A.PETITIONER, A.COORDINATOR)),
    VerbRule(Verb.RATE, (S.RESOLVED, S.CLOSED), None, (A.PETITIONER,), checks_version=False),
    VerbRule(Verb.CLOSE, (S.RESOLVED,), S.CLOSED, (A.COORDINATOR, A.SUPERVISOR, A.CLOCK)),
    VerbRule(
        Verb.REOPEN,
        (S.RESOLVED, S.CLOSED, S.DECLINED),
        S.REOPENED,
        (A.PETITIONER, A.COORDINATOR, A.SUPERVISOR),
    ),
    VerbRule(Verb.RETURN, (S.SUBMITTED, S.ACCEPTED), S.RETURNED, (A.HANDLER,)),
    VerbRule(
        Verb.REASSIGN,
        RUNNING,
        S.SUBMITTED,
        (A.ARBITER, A.COORDINATOR, A.SUPERVISOR, A.CLOCK),
        actors_from={S.RETURNED: (A.ARBITER,)},
    ),
    VerbRule(
        Verb.ESCALATE,
        RUNNING,
        None,
        (A.HANDLER, A.COORDINATOR, A.CLOCK),
        actors_from={S.RETURNED: (A.CLOCK,)},
    ),
    VerbRule(Verb.ANSWER, RUNNING, None, (A.SUPERVISOR,)),
    VerbRule(Verb.WITHDRAW, (*RUNNING, S.RESOLVED), S.WITHDRAWN, (A.PETITIONER, A.COORDINATOR)),
    VerbRule(
        Verb.REVEAL,
        (*OPEN, S.CLOSED),
        None,
        (A.HANDLER, A.COORDINATOR),
        checks_version=False,
    ),
    VerbRule(Verb.REMIND, (*RUNNING, S.RESOLVED), None, (A.CLOCK,), checks_version=False),
    VerbRule(Verb.ACKNOWLEDGE, RUNNING, None, (A.DEPARTMENT,)),
    VerbRule(Verb.CONCLUDE, RUNNING, None, (A.DEPARTMENT,)),
    VerbRule(Verb.HAND_BACK, RUNNING, None, (A.DEPARTMENT,)),
    VerbRule(Verb.CANCEL, RUNNING, None, (A.ORDERER,)),
    VerbRule(Verb.SEND_AGAIN, RUNNING, None, (A.ORDERER,)),
    VerbRule(Verb.OVERDUE, RUNNING, None, (A.CLOCK,), checks_version=False),
    VerbRule(Verb.RESCHEDULE, (*RUNNING, S.RESOLVED), None, (A.CLOCK,), checks_version=False),
)

PLANNED_RULES: tuple[VerbRule, ...] = (
    VerbRule(Verb.SUSPEND, (S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS), S.SUSPENDED, ()),
    VerbRule(Verb.RESUME, (S.SUSPENDED,), S.IN_PROGRESS, ()),
    VerbRule(Verb.MERGE, (*RUNNING, S.RESOLVED), S.MERGED, ()),
)
"""Transitions in histories of earlier releases. They are legal in the database, so that these
histories can be checked and replayed; no actor may perform them."""

NEXT_VERBS: dict[Status, tuple[Verb, ...]] = {
    S.SUBMITTED: (Verb.ACCEPT,),
    S.RETURNED: (Verb.REASSIGN,),
    S.ACCEPTED: (Verb.DISPATCH, Verb.START),
    S.REOPENED: (Verb.START, Verb.VISIT),
    S.ASSIGNED: (Verb.START, Verb.VISIT),
    S.IN_PROGRESS: (Verb.RESOLVE, Verb.VISIT),
    S.RESOLVED: (Verb.CONFIRM,),
}
"""What should happen next in a status, the most important verb first; lists offer the first one
that the viewer may perform, and the buttons of the case page begin with the same one."""

TASK_SOURCES: dict[Verb, tuple[TaskState, ...]] = {
    Verb.ACKNOWLEDGE: (TaskState.SENT,),
    Verb.CONCLUDE: OWED_TASKS,
    Verb.HAND_BACK: OWED_TASKS,
    Verb.CANCEL: ACTIVE_TASKS,
    Verb.SEND_AGAIN: (*CONCLUDED_TASKS, TaskState.HANDED_BACK),
}
"""For the verbs on a task, the states of the task in which they are possible; the state of the
case stays the same. The doing organisation performs the first three, the ordering one the others.
"""

RULE_OF: dict[Verb, VerbRule] = {rule.verb: rule for rule in VERB_RULES}
RECORDED_RULE_OF: dict[Verb, VerbRule] = RULE_OF | {rule.verb: rule for rule in PLANNED_RULES}
"""The rule of every verb that an event may have."""


def legal_transitions() -> Iterator[tuple[str, str, str]]:
    """Yield every legal transition as (verb, from, to); submitting starts from an empty status."""
    for rule in RECORDED_RULE_OF.values():
        if rule.verb == Verb.FILE:
            yield (rule.verb, "", S.SUBMITTED)
        for source in rule.sources:
            yield (rule.verb, source, rule.to or source)
