"""Who worked on a case, by its signed events, and who therefore never speaks for the resident.

The posts that people hold today do not count: each event keeps the organisation in whose name its
author acted. This is the only module that tells whether staff know the tracking code of a case;
pages and workflow ask it through `permissions`, so that no page offers what the workflow refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from branches import register_rows
from config.lib.viewer import Scope
from petitions import involvement
from petitions.enums import WORKING_ACTORS, Verb
from petitions.models import Event, Petition
from petitions.separation_of_duties import belongs_to_handlers, took_part

_READ = "workers_read"  # in `vars` of a case: what its events say, as of a version


@dataclass(frozen=True, slots=True)
class CaseWorkers:
    """Who worked on a case up to a version, as pairs of user and organisation.

    `filing_organisation_id`: in whose name staff filed it.
    """

    version: int
    pairs: frozenset[tuple[int | None, int | None]] = frozenset()
    filing_organisation_id: int | None = None


def keep(petition: Petition, events: Iterable[Event]) -> None:
    """Keep with a case what its events up to its version say; others may be left out.

    Those that matter are the events of filing and of working on it.
    """
    pairs: set[tuple[int | None, int | None]] = set()
    filing_organisation_id = None
    for event in events:
        if event.actor in WORKING_ACTORS:
            pairs.add((event.user_id, event.acting_for_id))
        if event.verb == Verb.FILE:
            filing_organisation_id = event.acting_for_id
    workers = CaseWorkers(petition.version, frozenset(pairs), filing_organisation_id)
    vars(petition)[_READ] = workers


def attach(petitions: Iterable[Petition]) -> None:
    """Read who worked on cases; one query, none for those that were read at their version."""
    unread = {petition.pk: petition for petition in petitions if read_before(petition) is None}
    if not unread:
        return
    events: dict[int, list[Event]] = {pk: [] for pk in unread}
    rows = Event.objects.filter(
        Q(actor__in=WORKING_ACTORS) | Q(verb=Verb.FILE), petition__in=unread
    ).only("petition_id", "actor", "verb", "user_id", "acting_for_id")
    for event in rows.order_by():
        events[event.petition_id].append(event)
    for pk, petition in unread.items():
        keep(petition, events[pk])


def add(petition: Petition, event: Event) -> None:
    """Add the event that raised the version of a case to what was read for the version before."""
    workers: CaseWorkers | None = vars(petition).get(_READ)
    if workers is None or workers.version != event.version - 1:
        return
    pairs = workers.pairs
    if event.actor in WORKING_ACTORS:
        pairs |= {(event.user_id, event.acting_for_id)}
    vars(petition)[_READ] = CaseWorkers(event.version, pairs, workers.filing_organisation_id)


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


def include(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user or the user's organisation handles the case, or ever worked on it."""
    return belongs_to_handlers(scope, petition) or took_part(scope, of(petition).pairs)


def know_code(petition: Petition, *, with_phone: bool) -> bool:
    """Tell whether the staff who logged the case could use its code to act as the resident.

    They can without a telephone number. With one they know the number too, so the code is refused
    if the case is about an organisation or an accusation, if they worked on it, or if they logged
    it for an organisation that did, whatever posts they hold today. At most two queries, none if a
    resident filed the case.
    """
    filer = involvement.filer(petition)
    if filer is None:
        return False
    if not with_phone or involvement.is_restricted(petition) or include(filer.scope, petition):
        return True
    workers = of(petition)
    filing_id = workers.filing_organisation_id
    filing = register_rows.organisations([filing_id] if filing_id else []).get(filing_id or 0)
    handlers = {
        petition.organisation_id,
        *(organisation_id for _user, organisation_id in workers.pairs),
    }
    return filing is not None and not handlers.isdisjoint(filing.ancestor_ids)
