"""One transition of a case, worked out in memory: state, deadlines, event, words and photos.

`writer.write` stores transitions; `case_store` locks the case before and writes afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, Protocol

from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib.domain_errors import DomainError
from members.models import User
from petitions import case_log, permissions
from petitions.actors import By, acting_for
from petitions.enums import HANDLER_DEADLINES, Actor, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import (
    CaseTask,
    Contact,
    Deadline,
    DoorVisit,
    Escalation,
    Event,
    Feedback,
    IdempotencyKey,
    Note,
    Petition,
    Photo,
)
from petitions.refusals import Decision
from petitions.rules import service_terms
from petitions.rules.former_holders import FormerHolder
from petitions.rules.photos import StoredPhoto
from petitions.rules.service_terms import DeadlinePlan, ServiceTerms
from petitions.states import IN_HAND, RULE_OF
from petitions.workflow.escalation_chain import EscalationChain


class WorkflowError(DomainError):
    """A verb was refused; `code` is the reason for programs, `message` the one for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotPermitted(WorkflowError):
    """The wrong person (403)."""

    status = HTTPStatus.FORBIDDEN


class WrongState(WorkflowError):
    """The wrong moment (409)."""


class StaleVersion(WrongState):
    """A decision was made since the form was opened (409); `version` is the current one."""

    def __init__(self, version: int) -> None:
        super().__init__("stale", _("其他人刚刚更新了这条诉求，请核对后再提交。"))
        self.version = version


class CaseStore(Protocol):
    """Where verbs read a case and its rows, and where their transitions go."""

    def atomic(self) -> AbstractContextManager[object]:
        """Return a context in which everything is saved or nothing."""

    def draw_case_id(self) -> int:
        """Return the id of a new case."""

    def lock(self, petition: Petition) -> Petition:
        """Return the case as it is stored, locked, with contact, place, group and organisation."""

    def events_after(self, petition: Petition, version: int) -> Sequence[Event]:
        """Return the events of the case after a version, oldest first; 0: all of them."""

    def former_holder(
        self, petition: Petition, day: dt.date, register_version: int | None
    ) -> FormerHolder | None:
        """Return the responsible organisation if it has left the place by a day."""

    def owed_deadlines(self, petition: Petition, kinds: Iterable[str]) -> Sequence[Deadline]:
        """Return the deadlines of these kinds that are not settled."""

    def unanswered_escalation(self, petition: Petition) -> Escalation | None:
        """Return the newest escalation that waits for an answer."""

    def feedback(self, petition: Petition) -> Feedback | None:
        """Return the resident's feedback on the present round."""

    def door_counts(self, petition: Petition) -> dict[str, int]:
        """Return how many doors were recorded, by result."""

    def stored_photo_names(self, names: Iterable[str]) -> set[str]:
        """Return which of these file names belong to a case already."""

    def escalation_chain(self, petitions: Sequence[Petition], day: dt.date) -> EscalationChain:
        """Return who is responsible above these cases on a day."""

    def assignable_user_ids(self, organisation_id: int, day: dt.date) -> set[int]:
        """Return the users an organisation may assign a case to on a day."""

    def reveals_since(self, user_id: int, since: dt.datetime) -> int:
        """Return how often a user has revealed a contact since an instant."""

    def save(self, transitions: Sequence[Transition]) -> None:
        """Take completed transitions of locked cases, in the order in which they happened."""


class Transition:
    """One transition under way: the locked case, the actor, and the rows to write with it.

    The caller changes `petition` and the public attributes, then calls `complete`. `attached` are
    rows to insert together with a new case. `task` is the task the verb is about, `tasks` are all
    that it creates or changes; the event names them. `acting_for_id` is the organisation in whose
    name the actor acts: it follows from the case before the change, and is set for a new case.
    """

    def __init__(
        self,
        petition: Petition,
        verb: Verb,
        by: By,
        actor: Actor,
        now: dt.datetime,
        *,
        store: CaseStore,
    ) -> None:
        self.petition = petition
        self.verb = verb
        self.by = by
        self.actor = actor
        self.now = now
        self.store = store
        self.is_new_case = petition.version == 0
        self.data: dict[str, Any] = {}
        self.ended: dict[DeadlineState, set[str]] = {}
        self.ended_of_task: dict[DeadlineState, set[str]] = {}
        self.started: list[Deadline] = []
        self.changed_deadlines: list[Deadline] = []
        self.task: CaseTask | None = None
        self.tasks: list[CaseTask] = []
        self.acting_for_id = None if self.is_new_case else acting_for(by, petition, actor, verb)
        self._owed: Sequence[Deadline] | None = None
        self.transferred_deadlines: list[Deadline] = []
        self.rescheduled_deadlines: list[Deadline] = []
        self.raised: Escalation | None = None
        self.answered: Escalation | None = None
        self.feedback: Feedback | None = None
        self.doors: list[DoorVisit] = []
        self.erases_doors = False
        self.note: Note | None = None
        self.photos: list[Photo] = []
        self.attached: list[Contact | IdempotencyKey] = []
        self._event: Event | None = None
        self._before = dict(petition.__dict__)
        self._from: str = "" if self.is_new_case else petition.status
        to = RULE_OF[verb].to
        if to is not None:
            petition.status = to

    @property
    def user(self) -> User | None:
        """The person acting; none for the resident and the system."""
        return self.by if isinstance(self.by, User) else None

    @property
    def terms(self) -> ServiceTerms:
        """The service terms of the case's place and urgency."""
        return service_terms.for_petition(self.petition)

    @property
    def event(self) -> Event:
        """The event of the completed transition."""
        if self._event is None:
            raise ValueError("the transition is not complete")
        return self._event

    def is_from(self, status: Status) -> bool:
        """Tell whether the transition starts from `status`."""
        return self._from == status

    def changed_fields(self) -> list[str]:
        """Return the fields of the case that differ from what was locked."""
        return [
            field.name
            for field in Petition._meta.concrete_fields
            if self.petition.__dict__.get(field.attname) != self._before.get(field.attname)
        ]

    def add_note(self, body: str, *, is_public: bool, cause: str = "") -> None:
        """Add words to the event: for the resident if `is_public`, otherwise internal."""
        if body.strip():
            self.note = Note(
                petition=self.petition,
                body=body.strip(),
                cause=cause.strip(),
                is_public=is_public,
            )

    def add_photos(self, photos: Sequence[StoredPhoto], *, kind: str, is_public: bool) -> None:
        """Add stored photos to the event; leave out files that belong to a case already.

        The same form sent twice brings the same files again.
        """
        new = {photo.name: photo for photo in photos}
        for name in self.store.stored_photo_names(new) if new else ():
            del new[name]
        self.photos = [
            Photo(
                petition=self.petition,
                kind=kind,
                name=photo.name,
                sha256=photo.sha256,
                size=photo.size,
                width=photo.width,
                height=photo.height,
                is_public=is_public,
            )
            for photo in new.values()
        ]

    def stop_deadlines(self, state: DeadlineState, *kinds: DeadlineKind) -> None:
        """Settle the owed deadlines of these kinds; those still open get `state`."""
        self.ended.setdefault(state, set()).update(kinds)

    def stop_task_deadlines(self, state: DeadlineState, *kinds: DeadlineKind) -> None:
        """Settle the owed deadlines of `task` of these kinds; those still open get `state`."""
        self.ended_of_task.setdefault(state, set()).update(kinds)

    def start_deadline(
        self,
        kind: DeadlineKind,
        *,
        organisation_id: int | None,
        is_redo: bool = False,
        amount: dt.timedelta | None = None,
        task: CaseTask | None = None,
    ) -> DeadlinePlan:
        """Start a deadline now and return its plan; `amount` replaces the standard's duration."""
        plan = self.terms.plan(kind, start=self.now, is_redo=is_redo, amount=amount)
        self.started.append(plan.row(self.petition, organisation_id, task))
        return plan

    def start_next_date(self) -> None:
        """Start a deadline for the result where none of the handling side runs any more."""
        plan = self.start_deadline(
            DeadlineKind.RESOLUTION, organisation_id=self.petition.organisation_id, is_redo=True
        )
        self.data["next_due_at"] = plan.due_at.isoformat()

    def owed_deadlines(self, kinds: Iterable[str]) -> list[Deadline]:
        """Return the deadlines of these kinds that were owed before the transition; read once."""
        if self._owed is None:
            self._owed = self.store.owed_deadlines(self.petition, [*DeadlineKind])
        return [row for row in self._owed if row.kind in kinds]

    def expire_deadline(self, deadline: Deadline) -> None:
        """Mark a due deadline as expired; what it asks for stays owed."""
        deadline.state, deadline.ended_at = DeadlineState.FIRED, self.now
        self.changed_deadlines.append(deadline)

    def remind_of(self, deadline: Deadline) -> None:
        """Mark a deadline as reminded of."""
        deadline.reminded_at = self.now
        self.changed_deadlines.append(deadline)

    def transfer_deadlines(self, kind: DeadlineKind, organisation: Organisation) -> None:
        """Let another organisation keep the owed deadlines of a kind; their times stay."""
        for row in self.owed_deadlines([kind]):
            row.organisation = organisation
            self.transferred_deadlines.append(row)

    def reschedule(self, deadline: Deadline, plan: DeadlinePlan) -> None:
        """Set a deadline to what the calendar says now: another time, or the same, but final.

        Another time cancels the row and starts a new one; a deadline that has passed stays. Others
        of its kind are left alone.
        """
        self.rescheduled_deadlines.append(deadline)
        deadline.is_provisional, deadline.follows_calendar = False, True
        is_same = (plan.due_at, plan.remind_at) == (deadline.due_at, deadline.remind_at)
        if deadline.state != DeadlineState.OPEN or is_same:
            return
        deadline.state = DeadlineState.CANCELLED
        deadline.ended_at = deadline.settled_at = self.now
        row = plan.row(self.petition, deadline.organisation_id, deadline.task)
        row.follows_calendar = True
        if deadline.reminded_at is not None and plan.remind_at <= self.now:
            row.reminded_at = deadline.reminded_at
        self.started.append(row)
        if deadline.task is not None:
            self.task = deadline.task
            self.tasks = [deadline.task]
            deadline.task.set_time(DeadlineKind(deadline.kind), plan.due_at)

    def answer_escalation(self, escalation: Escalation, kind: str) -> None:
        """Record the answer to an escalation."""
        escalation.answer_kind = kind
        escalation.answered_by, escalation.answered_at = self.user, self.now
        self.petition.is_answer_owed = False
        self.answered = escalation

    def erase_doors(self) -> None:
        """Erase the doors of the case and keep their counts in its event."""
        self.data["doors"] = self.store.door_counts(self.petition)
        self.erases_doors = bool(self.data["doors"])

    def complete(self) -> None:
        """Raise the version, work out the due date and build the event: the state afterwards."""
        petition = self.petition
        petition.version += 1
        self._set_due_date()
        self._set_dates_of_others()
        self._event = Event(
            petition_id=petition.pk,
            version=petition.version,
            verb=self.verb,
            actor=self.actor,
            user_id=self.user.pk if self.user else None,
            acting_for_id=self.acting_for_id,
            from_status=self._from,
            to_status=petition.status,
            organisation_id=petition.organisation_id,
            holder_id=petition.holder_id,
            supervisor_id=petition.supervisor_id,
            level=petition.level,
            at=self.now,
            data=self.data,
        )

    def _set_due_date(self) -> None:
        """Set when the handling side owes its next step; no query if none of its deadlines change.

        An empty `due_at` means that nothing is owed. A case in hand never ends up without a
        deadline that runs or an answer that is owed: it gets a new date for the result.
        """
        handler, ended = {*HANDLER_DEADLINES}, self.ended_kinds
        rescheduled = {row.pk: row for row in self.rescheduled_deadlines if row.pk}
        changed_rows = (*self.started, *self.rescheduled_deadlines)
        if not handler & (ended | {row.kind for row in changed_rows}):
            return
        owed = [row for row in self.started if row.kind in handler]
        if self.petition.due_at is not None and handler - ended:
            rows = self.owed_deadlines(handler - ended)
            stored = (rescheduled.get(row.pk, row) for row in rows)
            owed += [row for row in stored if row.settled_at is None]
        is_running = self.petition.is_answer_owed or any(
            row.state == DeadlineState.OPEN for row in owed
        )
        if not is_running and self.petition.status in IN_HAND:
            self.start_next_date()
            owed.append(self.started[-1])
        first = min(owed, key=lambda row: row.due_at, default=None)
        self.petition.due_at = first.due_at if first else None
        self.petition.soon_at = first.remind_at if first else None
        self.petition.is_due_provisional = bool(first and first.is_provisional)

    def _set_dates_of_others(self) -> None:
        """Set when an answer to an escalation and a decision on a return are owed; else empty."""
        columns = {DeadlineKind.ANSWER: "answer", DeadlineKind.ARBITRATION: "decision"}
        for kind, name in columns.items():
            row = next((row for row in self.started if row.kind == kind), None)
            if row is not None or kind in self.ended_kinds:
                setattr(self.petition, f"{name}_due_at", row.due_at if row else None)
                setattr(self.petition, f"{name}_soon_at", row.remind_at if row else None)

    @property
    def ended_kinds(self) -> set[str]:
        """The kinds of deadlines that the transition settles."""
        return set().union(*self.ended.values())


def check_allowed(verb: Verb, petition: Petition, by: By) -> Actor:
    """Return what `by` acts as; raise NotPermitted or WrongState if the verb is refused.

    A refusal is noted for the security log, unless only the status of the case does not fit.
    """
    decision = permissions.may(verb, petition, by)
    if decision and decision.actor is not None:
        return decision.actor
    refuse_wrong_actor(verb, petition, decision)
    if decision.code != "wrong_state":
        case_log.note_refused_verb(verb, petition, decision.reason)
    raise WrongState(decision.code, decision.reason)


def refuse_wrong_actor(verb: Verb, petition: Petition, decision: Decision) -> None:
    """Raise NotPermitted if the verb is not for this actor, and note it for the security log."""
    if decision.is_wrong_person:
        case_log.note_refused_verb(verb, petition, decision.reason)
        raise NotPermitted(decision.code, decision.reason)
