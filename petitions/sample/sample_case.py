"""One case of the sample: played in memory by the verbs of the workflow and the deadline sweep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from branches.enums import OrgLevel
from members.models import User
from petitions import permissions, resident_words
from petitions.actors import Petitioner
from petitions.enums import DeadlineKind, Verb
from petitions.models import Contact, Deadline, Petition
from petitions.rules import routing, service_terms
from petitions.sample.reference_data import ReferenceData
from petitions.workflow import case_store, deadline_sweep, escalation, submission
from petitions.workflow.case_store import MemoryStore
from petitions.workflow.transitions import Transition, WorkflowError

WORKING_DAY = dt.timedelta(hours=8)
SWEEP_DELAY = dt.timedelta(seconds=20)  # how long after its instant the sweep gets to a deadline


@dataclass(slots=True)
class SampleCase:
    """A case in memory with its transitions, and who can act on it. `at` is its latest instant."""

    petition: Petition
    store: MemoryStore
    reference: ReferenceData
    chain: routing.ResponsibleChain
    at: dt.datetime

    @property
    def transitions(self) -> list[Transition]:
        """What happened to the case so far."""
        return self.store.transitions

    @property
    def has_contact(self) -> bool:
        """Tell whether the resident left contact details."""
        return any(isinstance(row, Contact) for row in self.transitions[0].attached)

    def petitioner(self) -> Petitioner:
        """Return the resident who filed the case."""
        attached = self.transitions[0].attached
        contact = next((row for row in attached if isinstance(row, Contact)), None)
        has_phone = contact is not None and resident_words.gives_phone(contact, self.petition)
        return Petitioner(self.petition.pk, has_given_phone=has_phone)

    def spokesperson(self, verb: Verb) -> User | Petitioner | None:
        """Return who says by a verb what the resident thinks: the resident, otherwise a caller."""
        petitioner = self.petitioner()
        if permissions.may(verb, self.petition, petitioner):
            return petitioner
        return self.follow_up_caller(verb)

    def may_rate(self) -> bool:
        """Tell whether the resident may rate how the case was handled."""
        return bool(permissions.may(Verb.RATE, self.petition, self.petitioner()))

    def handler(self) -> User | None:
        """Return the head of the responsible organisation; None if the post is vacant."""
        return self.reference.head(self.petition.organisation_id)

    def may_ask_above(self) -> bool:
        """Tell whether the handler may escalate: nobody above owes an answer already."""
        handler = self.handler()
        if handler is None:
            return True
        self.reference.load_scope(handler, self.at)
        return bool(permissions.may(Verb.ESCALATE, self.petition, handler))

    def assignee(self) -> User | None:
        """Return the leader of the assigned group, otherwise the handler."""
        return self.reference.head(self.petition.assigned_group_id) or self.handler()

    def coordinator(self) -> User | None:
        """Return somebody at the desk of the community, not the person who resolved the case."""
        return self.reference.coordinator(
            self.chain, self.petition.uuid.int, without=self.petition.resolved_by_id
        )

    def revealer(self) -> User | None:
        """Return the coordinator, if the rules let that person open contact details of the case."""
        user = self.coordinator()
        if user is None:
            return None
        self.reference.load_scope(user, self.at)
        return user if permissions.may(Verb.REVEAL, self.petition, user) else None

    def follow_up_caller(self, verb: Verb) -> User | None:
        """Return somebody who may record what the resident says, by the rules of the workflow.

        The desk of the community, otherwise that of the subdistrict.
        """
        for level in (OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT):
            row = self.chain.organisation_at(level)
            organisation_id = row.organisation_id if row else None
            for user in self.reference.desk(organisation_id, self.petition.uuid.int):
                self.reference.load_scope(user, self.at)
                if permissions.may(verb, self.petition, user):
                    return user
        return None

    def arbiter(self) -> User | None:
        """Return somebody of the organisation that decides on the return of the case."""
        return self.reference.clerk(self.petition.arbiter_id, self.petition.uuid.int)

    def supervisor(self) -> User | None:
        """Return the head of the supervising organisation."""
        return self.reference.head(self.petition.supervisor_id)

    def shortest_extension(self, at: dt.datetime, days: int) -> dt.timedelta:
        """Return `days` working days, or so many more that the deadline for the result moves.

        Raises WrongState if no extension does.
        """
        owed = [row for row in self.store.deadlines if row.settled_at is None]
        owed = [row for row in owed if row.kind == DeadlineKind.RESOLUTION]
        for number in range(days, service_terms.MAX_DAYS):
            extension = WORKING_DAY * number
            with suppress(WorkflowError):
                escalation.plan_extension(self.petition, extension, owed, at)
                return extension
        longest = WORKING_DAY * service_terms.MAX_DAYS
        escalation.plan_extension(self.petition, longest, owed, at)
        return longest

    def play(
        self,
        verb: Callable[..., Any],
        at: dt.datetime,
        by: User | Petitioner,
        **arguments: Any,
    ) -> None:
        """Call a verb of the workflow at an instant."""
        if isinstance(by, User):
            self.reference.load_scope(by, at)
        with case_store.using(self.store):
            verb(petition=self.petition, by=by, now=at, **arguments)
        self.at = at

    def next_sweep(self) -> tuple[dt.datetime, Deadline] | None:
        """Return when the deadline sweep acts next, and on which deadline."""
        instants: list[tuple[dt.datetime, Deadline]] = []
        for row in self.store.open_deadlines():
            is_reminded = row.reminded_at is not None or row.remind_at >= row.due_at
            instants.append((row.due_at if is_reminded else row.remind_at, row))
        if not instants:
            return None
        instant, deadline = min(instants, key=lambda pair: pair[0])
        return max(instant + SWEEP_DELAY, self.at), deadline

    def sweep(self) -> None:
        """Let the deadline sweep do the one thing that it does next."""
        if (turn := self.next_sweep()) is None:
            return
        at, deadline = turn
        batch = (
            deadline_sweep.expire_batch if deadline.due_at <= at else deadline_sweep.remind_batch
        )
        with case_store.using(self.store):
            batch([(self.petition, deadline)], at)
        self.at = at

    def answer_owed_since(self) -> dt.datetime | None:
        """Return when the case was escalated, if the answer is still owed."""
        if not self.petition.is_answer_owed:
            return None
        escalation = self.store.unanswered_escalation(self.petition)
        return escalation.created_at if escalation else None

    def resolution_started_at(self) -> dt.datetime:
        """Return when the newest deadline for the resolution started."""
        rows = [row for row in self.store.deadlines if row.kind == DeadlineKind.RESOLUTION]
        return rows[-1].started_at


def submit(
    report: submission.Report,
    at: dt.datetime,
    *,
    serial: int,
    by: User | None,
    reference: ReferenceData,
    chain: routing.ResponsibleChain,
) -> SampleCase:
    """Submit a report in memory; `serial` is the provisional id of the case."""
    store = MemoryStore(
        serial,
        chain_on=reference.escalation_chain,
        members_on=reference.assignable_user_ids,
    )
    if by is not None:
        reference.load_scope(by, at)
    with case_store.using(store):
        petition = submission.submit(report=report, by=by or Petitioner(serial), now=at).petition
    petition.is_sample = True
    return SampleCase(petition, store, reference, chain, at)
