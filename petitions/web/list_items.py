"""Cases as items of lists: what a row or card shows, the next action, and the sort order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Case, DateTimeField, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Least
from django.db.models.lookups import IsNull, LessThanOrEqual

from branches import register_rows
from config.lib import clock, row_urls
from config.lib.db import compiled_select
from config.lib.viewer import Viewer
from members.models import User
from petitions import case_workers, involvement, permissions, resident_words
from petitions.actors import actors_of
from petitions.enums import Status
from petitions.models import Petition, PetitionQuerySet, is_due_soon, is_overdue
from petitions.rules import (
    answer_question,
    case_parts,
    catalogue,
    danger_words,
    duties,
    staff_lines,
)
from petitions.rules.duties import Duty

SUMMARY_LENGTH = 48
DEFERRED_COLUMNS = ("search", "route", "route_text", "public_answer", "cause")


@dataclass(frozen=True, slots=True)
class ListItem:
    """What the tag `case_row` and `components/case_card.html` show of a case.

    The deadline is that of the viewer's own duty (`is_own`), otherwise the next one; `turn` says
    who must do what. A task that was handed back is decided without a deadline. `has_danger`: the
    case is open and its words point to a danger.
    """

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
    turn: str = ""
    is_own: bool = False
    has_danger: bool = False
    action_url: str = ""
    action_label: str = ""

    def with_task(self, petition: Petition, duty: Duty | None) -> ListItem:
        """Return the item with the duty of the viewer's own task instead, or without a deadline."""
        if duty is None:
            return replace(self, deadline_absolute="", deadline_relative="", deadline_state="")
        return replace(
            self,
            deadline_absolute=duty.due.absolute,
            deadline_relative=duty.time_left,
            deadline_state=duty.due.state,
            turn=staff_lines.turn(petition, duty, is_own=True),
            is_own=True,
        )


def for_list(cases: PetitionQuerySet) -> PetitionQuerySet:
    """Defer the long columns, which no list item shows."""
    return cases.defer(*DEFERRED_COLUMNS)


def urgent_first(cases: PetitionQuerySet, viewer: Viewer, now: dt.datetime) -> PetitionQuerySet:
    """Sort open cases by urgency for the viewer.

    First the viewer's own duties, then what others must do: overdue, due soon, others; at the end
    the cases in which the resident is asked. Within each by the date of the viewer's own duty,
    otherwise by when the handling organisation must act.
    """
    own_due, own_soon = own_dates(viewer)
    rank = Case(
        When(LessThanOrEqual(own_due, now), then=Value(0)),
        When(LessThanOrEqual(own_soon, now), then=Value(1)),
        When(IsNull(own_due, False), then=Value(2)),
        When(is_overdue(now), then=Value(3)),
        When(is_due_soon(now), then=Value(4)),
        When(Q(status=Status.RESOLVED), then=Value(6)),
        default=Value(5),
        output_field=IntegerField(),
    )
    return cases.order_by(rank, Coalesce(own_due, "due_at"), "id")


def own_dates(viewer: Viewer) -> tuple[Combinable, Combinable]:
    """Return when the viewer's own duty in a case is due, and when 80 % of its time are used.

    Empty where it is the turn of others.
    """
    answers = involvement.awaiting_answer_of(viewer)
    decides = involvement.awaiting_decision_by(viewer)
    handles = involvement.awaiting_handling_by(viewer)

    def earliest(name: str) -> Combinable:
        # Typed, because the condition of a viewer without such posts is left out of the statement.
        never = Cast(Value(None), DateTimeField())
        return Least(
            Case(When(answers, then=f"answer_{name}"), default=never),
            Case(When(decides, then=Coalesce(f"decision_{name}", name)), default=never),
            Case(When(handles, then=name), default=never),
            output_field=DateTimeField(),
        )

    return earliest("due_at"), earliest("soon_at")


def load_by_id(visible_ids: Iterable[int]) -> dict[int, Petition]:
    """Return cases by id with what a list item shows, and their tasks; at most two queries.

    `visible_ids` must come from a query limited to what the viewer sees.
    """
    rows = compiled_select.by_ids("list items", _with_ids, clock.now(), sorted(set(visible_ids)))
    petitions = {row.pk: row for row in rows}
    case_parts.attach_tasks(petitions.values())
    return petitions


def _with_ids(_now: dt.datetime, ids: Sequence[int]) -> PetitionQuerySet:
    return for_list(Petition.objects.filter(pk__in=ids))


def list_items(
    cases: Iterable[Petition],
    now: dt.datetime,
    *,
    by: User | None = None,
    has_actions: bool = True,
) -> list[ListItem]:
    """Return the list items of cases; with `by` each has that user's duty and next action.

    With `by` one query if any of the open cases has tasks, and two if any waits for a follow-up.
    """
    petitions = list(cases)
    if by is not None:
        # What the reader is to an ended case matters only for the next action.
        case_parts.attach_tasks(row for row in petitions if has_actions or row.is_open)
        if has_actions and permissions.may_follow_up(by):
            answered = [row for row in petitions if row.status == Status.RESOLVED]
            case_workers.attach(answered)
            resident_words.attach_contacts(answered)
    register_rows.attach(petitions, organisations=involvement.HOLDERS)
    return [list_item(petition, now, by=by, has_actions=has_actions) for petition in petitions]


def list_item(
    petition: Petition, now: dt.datetime, *, by: User | None = None, has_actions: bool = True
) -> ListItem:
    """Return the list item of a case; `list_items` attaches the organisations it names."""
    all_duties = duties.duties_of_row(petition, now)
    is_asked = by is not None and (all_duties or has_actions)
    actors = actors_of(by, petition) if by and is_asked else frozenset()
    own = duties.own_duty(petition, all_duties, by, actors) if by else None
    is_decision = by is not None and own is None and duties.tasks_to_decide(petition, by, actors)
    duty = None if is_decision else own or duties.next_duty(all_duties)
    verb = duties.next_verb(petition, by, actors) if by and has_actions else None
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
        deadline_absolute=duty.due.absolute if duty else "",
        deadline_relative=duty.time_left if duty else "",
        deadline_state=duty.due.state if duty else "",
        turn=(
            staff_lines.turn_to_decide(petition, now)
            if is_decision
            else staff_lines.turn(petition, duty, is_own=own is not None)
        ),
        is_own=own is not None or bool(is_decision),
        has_danger=petition.is_open and danger_words.is_dangerous(_words(petition)),
        action_url=row_urls.url(f"petitions:{verb}", petition.pk) if verb else "",
        action_label=answer_question.verb_label(verb, petition) if verb else "",
    )


def _words(petition: Petition) -> str:
    return f"{petition.text}\n{petition.since}"


def _summary(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_LENGTH else f"{line[: SUMMARY_LENGTH - 1]}…"
