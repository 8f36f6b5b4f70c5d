"""Cases as items of lists: what a row or card shows, the next action, and the sort order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Case, IntegerField, Q, Value, When
from django.urls import reverse

from branches import register_rows
from config.lib import durations
from config.lib.viewer import Viewer
from members.models import User
from petitions import involvement, permissions
from petitions.enums import DeadlineKind, Status
from petitions.models import Petition, PetitionQuerySet, is_due_soon, is_overdue
from petitions.rules import case_parts, catalogue, service_terms

SUMMARY_LENGTH = 48
DEFERRED_COLUMNS = ("search", "route", "route_text", "public_answer", "cause")


@dataclass(frozen=True, slots=True)
class ListItem:
    """What `components/case_row.html` and `case_card.html` show of a case."""

    id: int
    number: str
    url: str
    place: str
    category: str
    status: str
    status_label: str
    urgency: str
    urgency_label: str
    handler: str
    summary: str
    deadline_absolute: str
    deadline_relative: str
    deadline_state: str
    action_url: str = ""
    action_label: str = ""

    def with_deadline(self, moment: durations.InstantText | None) -> ListItem:
        """Return the item with another deadline, or with none."""
        return replace(
            self,
            deadline_absolute=moment.absolute if moment else "",
            deadline_relative=moment.relative if moment else "",
            deadline_state=moment.state if moment else "",
        )


def for_list(cases: PetitionQuerySet) -> PetitionQuerySet:
    """Defer the long columns, which no list item shows."""
    return cases.defer(*DEFERRED_COLUMNS)


def urgent_first(cases: PetitionQuerySet, viewer: Viewer, now: dt.datetime) -> PetitionQuerySet:
    """Sort open cases by urgency for the viewer.

    Overdue, due soon, escalations that the viewer must answer, submitted or returned, others,
    resolved; within each by due date.
    """
    rank = Case(
        When(is_overdue(now), then=Value(0)),
        When(is_due_soon(now), then=Value(1)),
        When(involvement.awaiting_answer_of(viewer), then=Value(2)),
        When(Q(status__in=[Status.SUBMITTED, Status.RETURNED]), then=Value(3)),
        When(Q(status=Status.RESOLVED), then=Value(5)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return cases.order_by(rank, "due_at", "id")


def first_urgent(
    cases: PetitionQuerySet, viewer: Viewer, now: dt.datetime, count: int
) -> list[Petition]:
    """Return the `count` most urgent cases for a list, with two queries.

    The cases are sorted by id only; the columns of a list item are read for these few.
    """
    ids = list(urgent_first(cases, viewer, now).values_list("pk", flat=True)[:count])
    petitions = for_list(Petition.objects.all()).in_bulk(ids)
    return [petitions[pk] for pk in ids if pk in petitions]


def list_items(
    cases: Iterable[Petition], now: dt.datetime, *, by: User | None = None
) -> list[ListItem]:
    """Return the list items of cases; with `by` each has the next action of that user.

    With `by` one query if any of the cases has tasks.
    """
    petitions = list(cases)
    if by is not None:
        case_parts.attach_tasks(petitions)
    register_rows.attach(petitions, organisations=involvement.HOLDERS)
    return [list_item(petition, now, by=by) for petition in petitions]


def list_item(petition: Petition, now: dt.datetime, *, by: User | None = None) -> ListItem:
    """Return the list item of a case; `list_items` attaches the organisations it names."""
    deadline = _deadline(petition, now)
    verb = permissions.next_verb(petition, by) if by else None
    category = catalogue.read().by_id.get(petition.category_id)
    holder = involvement.holder(petition)
    return ListItem(
        id=petition.pk,
        number=petition.number,
        url=petition.get_absolute_url(),
        place=petition.place_name,
        category=catalogue.label(category or petition.category),
        status=petition.status,
        status_label=petition.status_label,
        urgency=petition.urgency,
        urgency_label=petition.urgency_label,
        handler=holder.short_name or holder.name,
        summary=_summary(petition.text),
        deadline_absolute=deadline.absolute if deadline else "",
        deadline_relative=deadline.relative if deadline else "",
        deadline_state=deadline.state if deadline else "",
        action_url=reverse(f"petitions:{verb}", args=[petition.pk]) if verb else "",
        action_label=str(verb.label) if verb else "",
    )


def _deadline(petition: Petition, now: dt.datetime) -> durations.InstantText | None:
    if petition.due_at is None or not petition.is_running:
        return None
    calendar = service_terms.for_petition(petition).calendar_for(DeadlineKind.RESOLUTION)
    return durations.time_left(petition.due_at, petition.soon_at, now, calendar)


def _summary(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_LENGTH else f"{line[: SUMMARY_LENGTH - 1]}…"
