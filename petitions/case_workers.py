"""Who worked on a case, by its signed events, and who therefore never speaks for the resident.

The posts that people hold today are not enough: each event keeps the organisation in whose name its
author acted. This is the only module that tells whether staff know the tracking code of a case;
pages and workflow ask it through `permissions`, so that no page offers what the workflow refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q

from branches import register_rows
from config.lib.viewer import Scope
from petitions import involvement, relations
from petitions.enums import ENDING_VERBS, WORKING_ACTORS, Actor, AnswerKind, Status, Verb
from petitions.models import Event, Petition
from petitions.separation_of_duties import belongs_to, belongs_to_handlers, took_part

ASKING_VERBS = (Verb.ESCALATE, Verb.DISPUTE, Verb.RETURN)
"""Verbs whose events name the organisation that must answer or decide."""

TELLING_VERBS = (Verb.FILE, Verb.REASSIGN, Verb.ANSWER, *ASKING_VERBS)
"""Verbs whose events name the organisation that is responsible or must act.

They are read even if who performed them did not work on the case.
"""

READ_VERBS = (*TELLING_VERBS, *sorted(ENDING_VERBS), Verb.REVEAL)
"""Verbs whose events are read for every actor; other events only if a worker performed them."""

_READ = "workers_read"  # in `vars` of a case: what its events say, as of a version


@dataclass(frozen=True, slots=True)
class Move:
    """A reassignment by a user: from and to which organisation, and who had handled it before."""

    user_id: int
    from_id: int
    to_id: int
    handler_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class CaseWorkers:
    """Who worked on a case up to a version, and who had to: ids of people and organisations.

    Counted are the responsible organisations, everybody to whom the case or a task in it was
    given, who worked on it, and who overruled the handlers in an answer to an escalation. A
    coordinator who declined or redirected it counts, too; one who only accepted it does not.
    `filing_organisation_id`: in whose name staff filed it. `moves`: who gave the case to another
    organisation; `organisation_id` is the responsible one as of the last event. `owing_ids`: which
    organisations were asked for an answer to an escalation or a decision on a return, and gave
    none, also if another one owes it by now. `openings`: who opened the contact without handling
    the case, with the organisation in whose name. `opener_ids`: the organisations in whose name it
    was opened at all, by handlers too.
    """

    version: int
    user_ids: frozenset[int] = frozenset()
    organisation_ids: frozenset[int] = frozenset()
    filing_organisation_id: int | None = None
    organisation_id: int | None = None
    moves: tuple[Move, ...] = ()
    owing_ids: frozenset[int] = frozenset()
    openings: frozenset[tuple[int | None, int | None]] = frozenset()
    opener_ids: frozenset[int | None] = frozenset()

    def after(self, event: Event) -> CaseWorkers:
        """Return the workers with those that a further event names."""
        users, organisations = _named(event)
        return CaseWorkers(
            event.version,
            self.user_ids | users,
            self.organisation_ids | organisations,
            event.acting_for_id if event.verb == Verb.FILE else self.filing_organisation_id,
            event.organisation_id,
            self.moves + self._moves_by(event),
            _owing_after(self.owing_ids, event),
            self.openings | _openings(event),
            self.opener_ids | ({event.acting_for_id} if event.verb == Verb.REVEAL else set()),
        )

    def _moves_by(self, event: Event) -> tuple[Move, ...]:
        """Return how an event moves the case between organisations, if a user did it."""
        from_id, user_id = self.organisation_id, event.user_id
        is_move = event.verb == Verb.REASSIGN and from_id != event.organisation_id
        if not is_move or from_id is None or user_id is None:
            return ()
        return (Move(user_id, from_id, event.organisation_id, self.organisation_ids),)


def _owing_after(owing_ids: frozenset[int], event: Event) -> frozenset[int]:
    """Return who owes an answer or a decision after an event that asked for one or gave one.

    The responsible organisation, which answers its own group, owes nothing to others by it.
    """
    if event.verb == Verb.ANSWER:
        return owing_ids - {involvement.supervisor_id(event)}
    if event.verb == Verb.REASSIGN and event.from_status == Status.RETURNED:
        return owing_ids - {event.acting_for_id}
    if event.verb not in ASKING_VERBS:
        return owing_ids
    asked = {event.data.get(name) for name in ("to", "arbiter")}
    return owing_ids | (asked - {None, event.organisation_id})


def _openings(event: Event) -> set[tuple[int | None, int | None]]:
    """Return who opened the contact in an event, as a coordinator; handlers know it anyway."""
    is_opening = event.verb == Verb.REVEAL and event.actor == Actor.COORDINATOR
    return {(event.user_id, event.acting_for_id)} if is_opening else set()


def _named(event: Event) -> tuple[set[int], set[int]]:
    """Return the people and organisations that an event names as working on the case."""
    is_ending = event.actor == Actor.COORDINATOR and event.verb in ENDING_VERBS
    is_work = is_ending or event.actor in WORKING_ACTORS
    if not (is_work or event.verb in TELLING_VERBS):
        return set(), set()
    data = event.data
    users = {*(data.get("users") or ())}  # to whom the case was assigned, though idle
    organisations = {event.organisation_id, data.get("doer"), data.get("group")}
    if is_work or (event.verb == Verb.ANSWER and data.get("kind") == AnswerKind.OVERRULE):
        users.add(event.user_id)
        organisations.add(event.acting_for_id)
    return users - {None}, organisations - {None}


def keep(petition: Petition, events: Iterable[Event]) -> None:
    """Keep with a case what its events up to its version say; others may be left out.

    Those that matter are the events of working on it and those of `READ_VERBS`.
    """
    workers = CaseWorkers(petition.version)
    for event in sorted(events, key=lambda event: event.version):
        workers = workers.after(event)
    vars(petition)[_READ] = replace(workers, version=petition.version)


def attach(petitions: Iterable[Petition]) -> None:
    """Read who worked on cases; one query, none for those that were read at their version."""
    unread = {petition.pk: petition for petition in petitions if read_before(petition) is None}
    if not unread:
        return
    events: dict[int, list[Event]] = {pk: [] for pk in unread}
    rows = Event.objects.filter(
        Q(actor__in=WORKING_ACTORS) | Q(verb__in=READ_VERBS),
        petition__in=unread,
    ).only(
        *("petition_id", "version", "actor", "verb", "user_id", "from_status"),
        *("acting_for_id", "data", *involvement.EVENT_ORGANISATIONS),
    )
    for event in rows.order_by():
        events[event.petition_id].append(event)
    for pk, petition in unread.items():
        keep(petition, events[pk])


def add(petition: Petition, event: Event) -> None:
    """Add the event that raised the version of a case to what was read for the version before."""
    workers: CaseWorkers | None = vars(petition).get(_READ)
    if workers is not None and workers.version == event.version - 1:
        vars(petition)[_READ] = workers.after(event)


def take_over(petition: Petition, earlier: Petition) -> None:
    """Keep what was read for the same case earlier, if the case is at the same version."""
    workers = read_before(earlier)
    if workers is not None and petition.version == earlier.version:
        vars(petition)[_READ] = workers


def read_before(petition: Petition) -> CaseWorkers | None:
    """Return what was read for the present version of a case; None if nothing was."""
    workers: CaseWorkers | None = vars(petition).get(_READ)
    return workers if workers is not None and workers.version == petition.version else None


def of(petition: Petition) -> CaseWorkers:
    """Return who worked on a case; one query unless it was read before."""
    if read_before(petition) is None:
        attach([petition])
    return read_before(petition) or CaseWorkers(petition.version)


def everybody(petition: Petition) -> CaseWorkers:
    """Return who works on a case now or ever did; one query unless it was read before."""
    workers = of(petition)
    working = [rule for rule in relations.RELATIONS if rule.actor in WORKING_ACTORS]
    present = {pk for rule in working for pk in rule.organisation_ids(petition)}
    return replace(
        workers,
        user_ids=workers.user_ids | {*involvement.assignee_ids(petition)},
        organisation_ids=workers.organisation_ids | present,
    )


def have_not_answered(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user belongs to an organisation that was asked and gave no answer.

    Or no decision on a return; having let the time pass does not free it. Posts that ended since
    the report count too. One query unless it was read before.
    """
    return any(belongs_to(scope, pk, petition.created_at) for pk in of(petition).owing_ids)


def include(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user, or an organisation of the user, works on the case or ever did.

    Posts that ended since the report count too. No query where the columns of the case tell it.
    """
    return belongs_to_handlers(scope, petition) or took_part(
        scope, everybody(petition), petition.created_at
    )


def know_code(petition: Petition, *, with_phone: bool) -> bool:
    """Tell whether the staff who logged the case could use its code to act as the resident.

    They can without a telephone number. With one they know the number too, so the code is refused
    if the case is about an organisation or an accusation, if they worked on it, or if they logged
    it for an organisation that did. All posts held since the report count, also if the account is
    locked or no post is left. At most two queries, none if a resident filed the case.
    """
    filer = involvement.filer(petition)
    if filer is None:
        return False
    if (
        not with_phone
        or involvement.is_restricted(petition)
        or include(filer.post_history, petition)
    ):
        return True
    workers = everybody(petition)
    filing_id = workers.filing_organisation_id
    filing = register_rows.organisations([filing_id] if filing_id else []).get(filing_id or 0)
    return filing is not None and not workers.organisation_ids.isdisjoint(filing.ancestor_ids)
