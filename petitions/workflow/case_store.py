"""Where verbs read cases and write transitions: the database, or one case in memory.

The product uses the database. The sample plays its cases in memory and writes all transitions at
once, since a thousand cases with SQL for each verb would take a minute. Verbs therefore read only
through `change.store`; a new read is a method of the protocol `transitions.CaseStore` and of both
stores. The protocol is not here because `Transition`, which the stores import, refers to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from copy import copy

from django.db import connection, transaction
from django.db.models import Count

from branches import register_rows
from config.lib.db.tree_paths import draw_ids
from members.posts import directory
from petitions import case_log, case_workers
from petitions.actors import By
from petitions.enums import DeadlineState, Verb
from petitions.models import Deadline, DoorVisit, Escalation, Event, Feedback, Petition, Photo
from petitions.rules import former_holders
from petitions.rules.former_holders import FormerHolder
from petitions.states import RECORDED_RULE_OF, RULE_OF
from petitions.workflow.escalation_chain import EscalationChain
from petitions.workflow.transitions import (
    CaseStore,
    StaleVersion,
    Transition,
    check_allowed,
)
from petitions.workflow.writer import write

# Two statements in one round trip: the second sees what was committed while the first waited.
_COUNT_REVEALS = """
    SELECT pg_advisory_xact_lock(hashtext('reveals'), %s);
    SELECT count(*) FROM petitions_event WHERE user_id = %s AND verb = %s AND at >= %s
"""


class DatabaseStore:
    """Cases in the database: reads lock the row, transitions are written at once."""

    def atomic(self) -> AbstractContextManager[object]:
        """Return a database transaction."""
        return transaction.atomic()

    def draw_case_id(self) -> int:
        """Return the next id of the table's sequence."""
        return draw_ids(Petition, 1)[0]

    def lock(self, petition: Petition) -> Petition:
        """Read and lock the row of the case, with contact, place, group and organisation.

        The last three come from the cache: joined, the statement would find no row after waiting
        for a change of the organisation, because PostgreSQL checks a changed row again with the
        rows of the other tables as they were. Tasks and workers read before are taken over unless
        the case changed since, because neither changes without an event of its case.
        """
        rows = Petition.objects.select_for_update(of=("self",)).select_related("contact")
        locked = rows.get(pk=petition.pk)
        register_rows.attach([locked], organisations=("organisation", "group"), areas=("place",))
        if locked.version == petition.version and "case_tasks" in petition.__dict__:
            locked.case_tasks = [copy(task) for task in petition.case_tasks]
        case_workers.take_over(locked, petition)
        return locked

    def events_after(self, petition: Petition, version: int) -> Sequence[Event]:
        """Return the events of the case after a version, oldest first; one query."""
        rows = Event.objects.filter(petition=petition, version__gt=version)
        return list(rows.order_by("version"))

    def owed_deadlines(self, petition: Petition, kinds: Iterable[str]) -> Sequence[Deadline]:
        """Return the deadlines of these kinds that are not settled; one query."""
        return list(Deadline.objects.owed().filter(petition=petition, kind__in=list(kinds)))

    def former_holder(
        self, petition: Petition, day: dt.date, register_version: int | None
    ) -> FormerHolder | None:
        """Return the responsible organisation if it has left the place by a day."""
        return former_holders.of(petition, day, register_version)

    def unanswered_escalation(self, petition: Petition) -> Escalation | None:
        """Return the newest escalation that waits for an answer; one query."""
        rows = Escalation.objects.filter(petition=petition, answered_at=None)
        return rows.order_by("-id").first()

    def feedback(self, petition: Petition) -> Feedback | None:
        """Return the resident's feedback on the present round; one query."""
        return Feedback.objects.filter(petition=petition, round=petition.round).first()

    def door_counts(self, petition: Petition) -> dict[str, int]:
        """Return how many doors were recorded, by result; one query."""
        doors = DoorVisit.objects.filter(petition=petition).order_by()
        return dict(doors.values_list("result").annotate(Count("id")))

    def stored_photo_names(self, names: Iterable[str]) -> set[str]:
        """Return which of these file names belong to a case already; one query."""
        return set(Photo.objects.filter(name__in=list(names)).values_list("name", flat=True))

    def escalation_chain(self, petitions: Sequence[Petition], day: dt.date) -> EscalationChain:
        """Read who is responsible above these cases on a day."""
        return EscalationChain.of(petitions, day)

    def assignable_user_ids(self, organisation_id: int, day: dt.date) -> set[int]:
        """Return the members of an organisation and its groups on a day; one query."""
        return {user.pk for user in directory.members_of(organisation_id, day)}

    def reveals_since(self, user_id: int, since: dt.datetime) -> int:
        """Return how often a user has revealed a contact since an instant, of any case; one query.

        A second reveal by the user waits until the transaction of the first has ended, so that it
        counts it.
        """
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_REVEALS, [user_id, user_id, Verb.REVEAL, since])
            number: int = cursor.fetchall()[0][0]
        return number

    def save(self, transitions: Sequence[Transition]) -> None:
        """Write the transitions to the database, and opened contacts to the security log."""
        write(transitions)
        for change in transitions:
            case_workers.add(change.petition, change.event)
            if change.verb == Verb.REVEAL and change.user is not None:
                organisation_id = change.event.acting_for_id
                case_log.log_reveal(change.petition, change.user, change.actor, organisation_id)


class MemoryStore:
    """One case in memory; its transitions are collected and nothing is written.

    `chain_on` and `members_on` answer who is responsible and who can be assigned on a day.
    """

    def __init__(
        self,
        case_id: int,
        *,
        chain_on: Callable[[Sequence[Petition], dt.date], EscalationChain],
        members_on: Callable[[int, dt.date], set[int]],
    ) -> None:
        self.case_id = case_id
        self.escalation_chain = chain_on
        self.assignable_user_ids = members_on
        self.transitions: list[Transition] = []

    @property
    def deadlines(self) -> list[Deadline]:
        """Every deadline of the case, in the order in which they started."""
        return [row for change in self.transitions for row in change.started]

    def atomic(self) -> AbstractContextManager[object]:
        """Return a context that does nothing: a refused verb ends the simulation."""
        return nullcontext()

    def draw_case_id(self) -> int:
        """Return the provisional id of the case."""
        return self.case_id

    def lock(self, petition: Petition) -> Petition:
        """Return the case itself."""
        return petition

    def events_after(self, _petition: Petition, version: int) -> Sequence[Event]:
        """Return the events of the case after a version, oldest first."""
        events = (change.event for change in self.transitions)
        return [event for event in events if event.version > version]

    def owed_deadlines(self, _petition: Petition, kinds: Iterable[str]) -> Sequence[Deadline]:
        """Return the deadlines of these kinds that are not settled."""
        return [row for row in self.deadlines if row.settled_at is None and row.kind in kinds]

    def former_holder(
        self, _petition: Petition, _day: dt.date, _register_version: int | None
    ) -> FormerHolder | None:
        """Return None: organisations stay where they are."""
        return None

    def unanswered_escalation(self, _petition: Petition) -> Escalation | None:
        """Return the newest escalation that waits for an answer."""
        raised = [change.raised for change in self.transitions if change.raised]
        return next((row for row in reversed(raised) if row.answered_at is None), None)

    def feedback(self, petition: Petition) -> Feedback | None:
        """Return the resident's feedback on the present round."""
        rows = (change.feedback for change in self.transitions)
        return next((row for row in rows if row and row.round == petition.round), None)

    def door_counts(self, _petition: Petition) -> dict[str, int]:
        """Return how many doors were recorded, by result."""
        doors = {
            (row.area_id, row.entrance, row.floor, row.door): row.result
            for change in self.transitions
            for row in change.doors
        }
        counts: dict[str, int] = {}
        for result in doors.values():
            counts[result] = counts.get(result, 0) + 1
        return counts

    def stored_photo_names(self, _names: Iterable[str]) -> set[str]:
        """Return no name: every photo of the case is new."""
        return set()

    def reveals_since(self, user_id: int, since: dt.datetime) -> int:
        """Return how often a user has revealed the contact of the case since an instant."""
        events = [change.event for change in self.transitions if change.verb == Verb.REVEAL]
        return sum(event.user_id == user_id and event.at >= since for event in events)

    def save(self, transitions: Sequence[Transition]) -> None:
        """Settle deadlines, erase doors, and keep the transitions."""
        for change in transitions:
            for row in self.deadlines:
                close_deadline(row, change.ended, change.now)
                if change.task is not None and row.task is change.task:
                    close_deadline(row, change.ended_of_task, change.now)
            if change.erases_doors:
                for earlier in self.transitions:
                    earlier.doors.clear()
            self.transitions.append(change)
            # Set by `Contact` if there is one; its provisional id must not be looked up.
            change.petition._state.fields_cache.setdefault("contact", None)
            case_workers.keep(change.petition, [past.event for past in self.transitions])

    def assign_case_id(self, case_id: int) -> None:
        """Replace the provisional id of the case in every collected row."""
        for change in self.transitions:
            petition = change.petition
            petition.pk = case_id
            rows = (change.event, change.note, change.raised, change.feedback, *change.tasks)
            for row in (*rows, *change.started, *change.doors, *change.photos, *change.attached):
                if row is not None:
                    row.petition = petition

    def open_deadlines(self) -> list[Deadline]:
        """Return the deadlines that still run."""
        return [row for row in self.deadlines if row.state == DeadlineState.OPEN]


def close_deadline(
    deadline: Deadline, ended: Mapping[DeadlineState, set[str]], now: dt.datetime
) -> None:
    """Settle a deadline in memory as `writer` does in SQL: its state changes only while open."""
    for state, kinds in ended.items():
        if deadline.kind in kinds and deadline.settled_at is None:
            if deadline.state == DeadlineState.OPEN:
                deadline.state = state
            deadline.ended_at = deadline.ended_at or now
            deadline.settled_at = now


_database_store = DatabaseStore()
_current: ContextVar[CaseStore] = ContextVar("case_store")


def current() -> CaseStore:
    """Return the store that verbs use in this context."""
    return _current.get(_database_store)


@contextmanager
def using(store: CaseStore) -> Iterator[None]:
    """Let the verbs called inside use `store` instead of the database."""
    token = _current.set(store)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def transition(
    petition: Petition, verb: Verb, *, by: By, now: dt.datetime, expected_version: int | None = None
) -> Iterator[Transition]:
    """Lock the case, check the verb, let the body change the case, then save the transition.

    Raises NotPermitted or WrongState if the verb is refused, and StaleVersion if the verb checks
    versions and a decision was made after `expected_version`, the version the actor saw.
    """
    store = current()
    with store.atomic():
        locked = store.lock(petition)
        if expected_version is not None and RULE_OF[verb].checks_version:
            _check_version(store, locked, expected_version)
        actor = check_allowed(verb, locked, by)
        change = Transition(locked, verb, by, actor, now, store=store)
        yield change
        change.complete()
        store.save([change])


def _check_version(store: CaseStore, petition: Petition, seen: int) -> None:
    """Raise StaleVersion if a decision was made after the version seen.

    No query if the version is the current one; a version that does not exist yet is stale.
    """
    if seen == petition.version:
        return
    missed = store.events_after(petition, seen)
    if not missed or any(map(_is_decision, missed)):
        raise StaleVersion(petition.version)


def _is_decision(event: Event) -> bool:
    """Tell whether forms opened before an event are out of date.

    That is so if the event changed the status, or its verb checks versions.
    """
    checks_version = RECORDED_RULE_OF[Verb(event.verb)].checks_version
    return checks_version or event.from_status != event.to_status
