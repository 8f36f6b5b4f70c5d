"""Who must act on a case, by when, and in which unit the time counts.

The only place that decides this. A duty is an owed deadline with the organisation that must keep
it and the verbs that fulfil it. `promises` and `staff_lines` put duties into words, lists sort and
show by them. A new kind of deadline needs a row in `DUTY_RULES`, or in `TASK_RULES` if it is one of
a task, and its sentences.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.utils.translation import gettext as _

from branches import register_rows
from branches.models import Organisation
from config.lib import durations
from members.models import User
from petitions import involvement, permissions, relations
from petitions.actors import By, actors_of
from petitions.enums import Actor, DeadlineKind, DeadlineState, Status, TaskState, Verb
from petitions.models import CaseTask, Petition
from petitions.refusals import tasks_for
from petitions.relations import Relation, acted_for
from petitions.rules import service_terms
from petitions.rules.service_terms import ServiceTerms, TimedDeadline
from petitions.states import IN_HAND, NEXT_VERBS, RULE_OF, RUNNING

S = Status
A = Actor
K = DeadlineKind


class UnsettledDeadline(TimedDeadline, Protocol):
    """A deadline that is not settled.

    In the state `fired` it has passed and what it asks for is still owed.
    """

    @property
    def state(self) -> str:
        """Whether it runs or has passed."""

    @property
    def is_provisional(self) -> bool:
        """Whether the calendar of a year on the way is not known yet."""

    @property
    def organisation_id(self) -> int | None:
        """Id of the organisation that must keep it; None if the resident must."""


@dataclass(frozen=True, slots=True)
class DutyRule:
    """What a kind of deadline asks for in some statuses.

    `actors` are what the people who must act are to the case, `verbs` what they can do about it;
    the first verb is the one that the sentences name.
    """

    kind: DeadlineKind
    statuses: tuple[Status, ...]
    actors: tuple[Actor, ...]
    verbs: tuple[Verb, ...]


REFERRALS = (Verb.DECLINE, Verb.REDIRECT, Verb.RETURN)
DUTY_RULES: tuple[DutyRule, ...] = (
    DutyRule(K.CONFIRMATION, (S.RESOLVED,), (A.PETITIONER,), (Verb.CONFIRM, Verb.DISPUTE)),
    DutyRule(K.ARBITRATION, (S.RETURNED,), (A.ARBITER,), (Verb.REASSIGN,)),
    # Cases returned before there were arbiters have no deadline of their own for the decision.
    DutyRule(K.CONTACT, (S.RETURNED,), (A.ARBITER,), (Verb.REASSIGN,)),
    DutyRule(K.RESOLUTION, (S.RETURNED,), (A.ARBITER,), (Verb.REASSIGN,)),
    DutyRule(K.ANSWER, RUNNING, (A.SUPERVISOR,), (Verb.ANSWER,)),
    DutyRule(K.CONTACT, (S.SUBMITTED,), (A.HANDLER,), (Verb.ACCEPT, *REFERRALS)),
    DutyRule(K.RESOLUTION, (S.SUBMITTED,), (A.HANDLER,), (Verb.ACCEPT, *REFERRALS)),
    DutyRule(
        K.RESOLUTION,
        (*IN_HAND, S.SUSPENDED),
        (A.HANDLER, A.ASSIGNEE),
        (Verb.RESOLVE, Verb.START, Verb.VISIT),
    ),
)
"""In the order in which they are announced: what another duty waits for comes first."""

TASK_RULES: tuple[DutyRule, ...] = (
    DutyRule(K.ACKNOWLEDGE, RUNNING, (A.DEPARTMENT,), (Verb.ACKNOWLEDGE, Verb.HAND_BACK)),
    DutyRule(K.CONCLUDE, RUNNING, (A.DEPARTMENT,), (Verb.CONCLUDE, Verb.HAND_BACK)),
)
"""What a task asks for; the responsible organisation still owes the result of the case."""


@dataclass(frozen=True)
class Duty:
    """An owed deadline of a case: who must act, what is asked, by when, at the instant `now`.

    `organisation` is None where the resident must act. `missed` is an earlier deadline of the same
    kind that has passed and is still owed beside `deadline`.
    """

    rule: DutyRule
    organisation: Organisation | None
    deadline: UnsettledDeadline
    terms: ServiceTerms
    now: dt.datetime
    missed: UnsettledDeadline | None = None

    @cached_property
    def due(self) -> durations.InstantText:
        """The deadline in words, worked out when asked for: a list shows one duty of several."""
        return self.terms.time_left(self.deadline, self.now)

    @property
    def kind(self) -> DeadlineKind:
        """What is owed."""
        return self.rule.kind

    @property
    def verb(self) -> Verb:
        """The verb that fulfils the duty as a rule."""
        return self.rule.verbs[0]

    @property
    def due_at(self) -> dt.datetime:
        """The instant of the deadline."""
        return self.deadline.due_at

    @property
    def is_late(self) -> bool:
        """Tell whether the deadline has passed."""
        return self.due.state == "overdue"

    @property
    def is_open(self) -> bool:
        """Tell whether the deadline still runs: the sweep has not expired it."""
        return self.deadline.state == DeadlineState.OPEN

    @property
    def time_left(self) -> str:
        """How much time is left, with its unit, marked while the deadline is provisional."""
        return time_left(self.due, is_provisional=self.is_open and self.deadline.is_provisional)


def time_left(due: durations.InstantText, *, is_provisional: bool) -> str:
    """Return how much time is left, with its unit, marked as provisional if the deadline is."""
    return _("%(left)s，暂定") % {"left": due.relative} if is_provisional else due.relative


def duties(
    petition: Petition, deadlines: Iterable[UnsettledDeadline], now: dt.datetime
) -> list[Duty]:
    """Return the duties of a case now, in the order of `DUTY_RULES`.

    `deadlines` are the deadlines of the case that are not settled. While a case must be accepted,
    the date for its result asks for nothing yet.
    """
    rows: dict[str, list[UnsettledDeadline]] = {}
    for row in deadlines:
        rows.setdefault(row.kind, []).append(row)
    rules = [rule for rule in DUTY_RULES if petition.status in rule.statuses]
    if K.ARBITRATION in rows:
        rules = [rule for rule in rules if rule.kind in (K.ARBITRATION, K.ANSWER)]
    must_accept = petition.status == S.SUBMITTED and any(
        row.state == DeadlineState.OPEN for row in rows.get(K.CONTACT, ())
    )
    if must_accept:
        rules = [rule for rule in rules if rule.kind != K.RESOLUTION]
    return [_duty(petition, rule, rows[rule.kind], now) for rule in rules if rule.kind in rows]


def _duty(
    petition: Petition, rule: DutyRule, rows: Sequence[UnsettledDeadline], now: dt.datetime
) -> Duty:
    """Return the duty of one kind: its running deadline, otherwise the newest that has passed."""
    running = [row for row in rows if row.state == DeadlineState.OPEN]
    deadline = max(running or rows, key=lambda row: row.due_at)
    passed = [row for row in rows if row is not deadline]
    return Duty(
        rule,
        _organisation(petition, rule),
        deadline,
        service_terms.for_petition(petition),
        now,
        missed=min(passed, key=lambda row: row.due_at, default=None),
    )


def task_duties(
    petition: Petition, deadlines: Iterable[UnsettledDeadline], now: dt.datetime
) -> list[Duty]:
    """Return the duties of the organisations that have a task in the case.

    `deadlines`: see `duties`.
    """
    rules = {rule.kind: rule for rule in TASK_RULES if petition.status in rule.statuses}
    owed = [row for row in deadlines if row.kind in rules]
    if not owed:
        return []
    doers = register_rows.organisations(row.organisation_id or 0 for row in owed)
    terms = service_terms.for_petition(petition)
    return [
        Duty(
            rules[DeadlineKind(row.kind)],
            doers.get(row.organisation_id or 0),
            row,
            terms,
            now,
        )
        for row in owed
    ]


def _organisation(petition: Petition, rule: DutyRule) -> Organisation | None:
    if rule.actors == (A.PETITIONER,):
        return None
    if rule.kind == K.ANSWER:
        return involvement.supervisor(petition)
    if petition.status == S.RETURNED:
        return deciding_organisation(petition)
    return petition.organisation


def deciding_organisation(petition: Petition) -> Organisation:
    """Return the organisation that decides on a returned case.

    The arbiter; for a case returned before there were arbiters the one above the responsible
    organisation, or that itself where none is above it.
    """
    arbiter = involvement.arbiter_of(petition) or relations.parent_below_city(petition.organisation)
    return arbiter or petition.organisation


@dataclass(frozen=True, slots=True)
class DeadlineOfRow:
    """A deadline as the columns of the case hold it; see `UnsettledDeadline`."""

    kind: str
    due_at: dt.datetime
    remind_at: dt.datetime
    state: str
    is_provisional: bool = False
    organisation_id: int | None = None


def duties_of_row(petition: Petition, now: dt.datetime) -> list[Duty]:
    """Return the duties of the handling side and its supervisor by the columns of a case.

    No query where the organisations are attached: lists use it. While the resident is asked there
    is none.
    """
    is_accepted = petition.status in IN_HAND
    columns = (
        (K.ANSWER, petition.answer_due_at, petition.answer_soon_at, False),
        (K.ARBITRATION, petition.decision_due_at, petition.decision_soon_at, False),
        (
            K.RESOLUTION if is_accepted else K.CONTACT,
            petition.due_at if petition.is_running else None,
            petition.soon_at,
            petition.is_due_provisional,
        ),
    )
    rows = [
        DeadlineOfRow(
            kind,
            due_at,
            soon_at or due_at,
            DeadlineState.OPEN if due_at > now else DeadlineState.FIRED,
            is_provisional,
        )
        for kind, due_at, soon_at, is_provisional in columns
        if due_at is not None
    ]
    return duties(petition, rows, now)


def next_duty(all_duties: Sequence[Duty]) -> Duty | None:
    """Return the duty that must be fulfilled next: the first that still runs, else the first."""
    running = (duty for duty in all_duties if duty.is_open)
    return next(running, all_duties[0] if all_duties else None)


def own_duty(
    petition: Petition,
    all_duties: Sequence[Duty],
    user: User,
    actors: frozenset[Actor] | None = None,
) -> Duty | None:
    """Return the duty that the user must fulfil, the one due first; None if it is others' turn.

    `actors` is what the user is to the case, if that was worked out before.
    """
    if not all_duties:
        return None
    if actors is None:
        actors = actors_of(user, petition)
    own = [duty for duty in all_duties if _is_duty_of(petition, duty, user, actors)]
    return min(own, key=lambda duty: duty.due_at, default=None)


def _is_duty_of(petition: Petition, duty: Duty, user: User, actors: frozenset[Actor]) -> bool:
    """Tell whether the user acts for the organisation that must act, and may perform a verb of it.

    Who asked for an answer, for example, cannot give it, and is not told to.
    """
    own = actors.intersection(duty.rule.actors)
    if not own or duty.organisation is None:
        return False
    if duty.rule in TASK_RULES and duty.organisation.pk not in acted_for(
        user.scope, Relation.DEPARTMENT
    ):
        return False
    return any(
        own.intersection(RULE_OF[verb].actors) and permissions.may(verb, petition, user, actors)
        for verb in duty.rule.verbs
    )


def tasks_to_decide(
    petition: Petition, by: By, actors: frozenset[Actor] | None = None
) -> list[CaseTask]:
    """Return the tasks that were handed back and that `by` must send again or cancel.

    There is no deadline for it. `actors`: see `own_duty`.
    """
    if not petition.is_running or not involvement.has_tasks(petition):
        return []
    if not permissions.may(Verb.SEND_AGAIN, petition, by, actors):
        return []
    tasks = tasks_for(Verb.SEND_AGAIN, petition, by)
    return [task for task in tasks if task.state == TaskState.HANDED_BACK]


def next_verb(petition: Petition, by: By, actors: frozenset[Actor] | None = None) -> Verb | None:
    """Return the verb that `by` should perform next on the case, None if it is another's turn."""
    if actors is None:
        actors = actors_of(by, petition)
    first: tuple[Verb, ...] = (Verb.ANSWER,) if petition.is_answer_owed else ()
    if involvement.has_tasks(petition):
        first += (Verb.ACKNOWLEDGE, Verb.CONCLUDE)
    if tasks_to_decide(petition, by, actors):
        first += (Verb.SEND_AGAIN,)
    for verb in (*first, *NEXT_VERBS.get(Status(petition.status), ())):
        if permissions.may(verb, petition, by, actors):
            return verb
    return None
