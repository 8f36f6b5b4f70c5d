"""One case walked in memory: the same steps, limits and rows as the workflow, written in bulk.

Every step is checked against the table of states, and the clock acts between the steps: it reminds
at 80 %, lets a passed limit climb, and closes a case the resident is silent on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from branches.enums import OrgLevel
from branches.models import Organisation
from members.models import User
from petitions.enums import (
    HANDLER_DEADLINES,
    Actor,
    ClosedBy,
    DeadlineKind,
    DeadlineState,
    Solved,
    Status,
    Verb,
)
from petitions.models import Deadline, DoorVisit, Escalation, Event, Feedback, Note, Petition, Photo
from petitions.rules import routing, service_terms
from petitions.sample.reference_data import ReferenceData
from petitions.states import RULE_OF
from petitions.workflow import escalation_chain

SWEEP = dt.timedelta(seconds=20)  # how long after its moment the clock gets to a limit


class Illegal(AssertionError):
    """A step the table of states does not allow: the sample would be a lie."""


@dataclass(slots=True)
class By:
    """Who takes a step: as what, which person, and in whose name."""

    actor: Actor
    user: User | None = None
    acting_for: int | None = None


PETITIONER = By(Actor.PETITIONER)
CLOCK = By(Actor.CLOCK)


@dataclass(slots=True)
class SimulatedCase:
    """A case under way, with every row that belongs to it and is not written yet."""

    petition: Petition
    place: routing.ResponsibleChain
    ground: ReferenceData
    at: dt.datetime
    has_contact: bool = False
    events: list[Event] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    linked: list[tuple[Event, str, models.Model]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    doors: list[DoorVisit] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    pictures: list[tuple[Event, str, str]] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """Where the case stands after its last step."""
        return Status(self.petition.status)

    def handler(self) -> By:
        """The organisation that answers, by its head; the desk where the post is vacant."""
        organisation = self.petition.organisation_id
        return By(Actor.HANDLER, self.ground.head(organisation), organisation)

    def assignee(self) -> By:
        """The group the case was handed to, by its leader; else the handler."""
        group = self.petition.assigned_group_id
        leader = self.ground.head(group)
        return By(Actor.ASSIGNEE, leader, group) if group and leader else self.handler()

    def coordinator(self) -> By:
        """The desk of the community the case lies in."""
        found = self.place.organisation_at(OrgLevel.COMMUNITY)
        if found is None:
            return By(Actor.COORDINATOR)
        staff = self.ground.staff(found.organisation_id)
        user = staff[self.petition.uuid.int % len(staff)] if staff else None
        return By(Actor.COORDINATOR, user, found.organisation_id)

    def supervisor(self) -> By:
        """The organisation an escalation made responsible for an answer, by its head."""
        organisation = self.petition.supervisor_id
        return By(Actor.SUPERVISOR, self.ground.head(organisation), organisation)

    def change(self, **changes: Any) -> None:
        """Set fields of the case; they become true with the next step."""
        for name, value in changes.items():
            setattr(self.petition, name, value)

    def step(
        self, verb: Verb, by: By, at: dt.datetime, data: dict[str, Any] | None = None
    ) -> Event:
        """Take one step and write its event; refuse what the table of states does not allow."""
        move = RULE_OF[verb]
        source: str = self.petition.status if self.events else ""
        if (self.events and source not in move.sources) or by.actor not in move.actors:
            raise Illegal(f"{by.actor} {verb} {source}")
        if at < self.at:
            raise Illegal(f"{verb} before the step it follows")
        self.at = at
        version = len(self.events) + 1
        self.change(status=move.to or source, version=version)
        self._time_handler_side()
        event = Event(
            petition=self.petition,
            version=version,
            verb=verb,
            actor=by.actor,
            user=by.user,
            acting_for_id=by.acting_for if by.user else None,
            from_status=source,
            to_status=self.petition.status,
            organisation_id=self.petition.organisation_id,
            holder_id=self.petition.holder_id,
            supervisor_id=self.petition.supervisor_id,
            level=self.petition.level,
            at=at,
            data=data or {},
        )
        self.events.append(event)
        return event

    def _time_handler_side(self) -> None:
        owed = [
            row
            for row in self.deadlines
            if row.settled_at is None and row.kind in HANDLER_DEADLINES
        ]
        first = min(owed, key=lambda row: row.due_at, default=None)
        self.change(
            due_at=first.due_at if first else None,
            soon_at=first.remind_at if first else None,
            is_due_provisional=bool(first and first.is_provisional),
        )

    def say(self, event: Event, body: str, *, is_public: bool) -> None:
        """Add words to a step: for the resident if `is_public`, otherwise internal."""
        if body:
            self.notes.append(
                Note(petition=self.petition, event=event, body=body, is_public=is_public)
            )

    def end(self, state: DeadlineState, at: dt.datetime, *kinds: DeadlineKind) -> None:
        """End the limits of these kinds that are still owed, as the engine does."""
        for row in self.deadlines:
            if row.kind in kinds and row.settled_at is None:
                row.state = state if row.state == DeadlineState.OPEN else row.state
                row.ended_at = row.ended_at or at
                row.settled_at = at

    def begin(
        self,
        kind: DeadlineKind,
        at: dt.datetime,
        organisation_id: int | None,
        *,
        is_redo: bool = False,
        amount: dt.timedelta | None = None,
    ) -> Deadline:
        """Begin a limit by the standard and calendar of the case's place."""
        terms = service_terms.for_petition(self.petition)
        found = terms.plan(kind, start=at, is_redo=is_redo, amount=amount)
        row = found.row(self.petition, organisation_id)
        self.deadlines.append(row)
        return row

    def next_tick(self) -> tuple[dt.datetime, Deadline] | None:
        """Return when the clock acts next, and on which limit."""
        found: list[tuple[dt.datetime, Deadline]] = []
        for row in self.deadlines:
            if row.state == DeadlineState.OPEN:
                is_reminded = row.reminded_at is not None or row.remind_at >= row.due_at
                found.append((row.due_at if is_reminded else row.remind_at, row))
        if not found:
            return None
        moment, row = min(found, key=lambda pair: pair[0])
        return max(moment + SWEEP, self.at), row

    def tick(self) -> None:
        """Let the clock do the one thing it does next: remind, climb, or close."""
        found = self.next_tick()
        if found is None:
            return
        at, row = found
        if at < row.due_at:
            row.reminded_at = at
            self.step(
                Verb.REMIND, CLOCK, at, {"kind": row.kind, "organisation": row.organisation_id}
            )
        elif row.kind == DeadlineKind.CONFIRMATION:
            self._close_silent(at)
        else:
            row.state, row.ended_at = DeadlineState.FIRED, at
            self.climb(Verb.ESCALATE, CLOCK, at, deadline=row)

    def _close_silent(self, at: dt.datetime) -> None:
        if not any(row.solved for row in self.feedback if row.round == self.petition.round):
            self.hear(Solved.SILENCE, None, at, by_phone=False)
        self.close(CLOCK, at, ClosedBy.SILENCE)

    def hear(self, solved: str, rating: int | None, at: dt.datetime, *, by_phone: bool) -> None:
        """Record what the resident said about this round of resolution; one row a round."""
        round_ = self.petition.round
        known = next((row for row in self.feedback if row.round == round_), None)
        if known is None:
            known = Feedback(petition=self.petition, round=round_, at=at, is_by_phone=by_phone)
            self.feedback.append(known)
        known.solved = solved or known.solved
        known.rating = rating or known.rating

    def close(
        self, by: By, at: dt.datetime, way: ClosedBy, verb: Verb = Verb.CLOSE, **data: Any
    ) -> Event:
        """Close the case and erase its doors, keeping their counts."""
        ended = DeadlineState.FIRED if way == ClosedBy.SILENCE else DeadlineState.MET
        self.change(closed_at=at, closed_by=way, is_answer_owed=False)
        self.end(ended, at, DeadlineKind.CONFIRMATION)
        self.end(DeadlineState.CANCELLED, at, DeadlineKind.ANSWER)
        return self.step(verb, by, at, {**data, "doors": self.erase_doors()})

    def erase_doors(self) -> dict[str, int]:
        """Drop what was found at the doors; return the counts."""
        counts: dict[str, int] = {}
        for door in self.doors:
            counts[door.result] = counts.get(door.result, 0) + 1
        self.doors.clear()
        return counts

    def climb(
        self,
        verb: Verb,
        by: By,
        at: dt.datetime,
        *,
        deadline: Deadline | None = None,
        data: dict[str, Any] | None = None,
    ) -> Event:
        """Add a supervisor with a duty to answer; at the city the case stays where it is."""
        above, skipped = self._next_up()
        if above is None:
            return self.step(verb, by, at, {**(data or {}), "top": True})
        row = Escalation(
            petition=self.petition,
            deadline=deadline,
            from_organisation_id=self.petition.supervisor_id or self.petition.organisation_id,
            to_organisation=above.organisation,
            level=routing.CASE_LEVEL[above.level],
            skipped=skipped,
            raised_by=by.user,
            created_at=at,
        )
        self.change(supervisor=above.organisation, level=row.level, is_answer_owed=True)
        self.end(DeadlineState.CANCELLED, at, DeadlineKind.ANSWER)
        self.begin(DeadlineKind.ANSWER, at, above.organisation_id)
        found = {
            "to": above.organisation_id,
            "skipped": skipped,
            "deadline": deadline.kind if deadline else None,
        }
        event = self.step(verb, by, at, {**(data or {}), **found})
        self.escalations.append(row)
        self.linked.append((event, "escalation", row))
        return event

    def _next_up(self) -> tuple[Any, list[int]]:
        about = self.petition.about_organisation_id
        rows = [
            row
            for row in routing.above(self.place, escalation_chain.current_level(self.petition))
            if row.organisation_id != about
        ]
        skipped: list[int] = []
        for row in rows:
            if self.ground.head(row.organisation_id) or row is rows[-1]:
                return row, skipped
            skipped.append(row.organisation_id)
        return None, skipped

    def unanswered(self) -> Escalation | None:
        """Return the escalation an answer is owed to, if any."""
        if not self.petition.is_answer_owed or not self.escalations:
            return None
        return self.escalations[-1]

    def moved_to(self, organisation: Organisation) -> None:
        """Give the case to another organisation; its level never goes down."""
        level = max(
            self.petition.level,
            routing.CASE_LEVEL[organisation.level],
            key=escalation_chain.CASE_LEVELS.index,
        )
        self.change(organisation=organisation, level=level, assigned_group=None, assignee_ids=[])
        if self.petition.group and self.petition.group.parent_id != organisation.pk:
            self.change(group=None)
