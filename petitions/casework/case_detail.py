"""The content of the case page, read in a bounded number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils.translation import gettext as _

from branches import register_rows
from branches.models import Organisation
from config.lib import durations
from config.lib.viewer import Scope
from members.enums import HEAD_ROLES
from members.models import Post, User
from members.posts import directory
from petitions import case_holders, case_workers, involvement
from petitions.actors import actors_of
from petitions.casework import task_events, timeline
from petitions.casework.timeline import CaseHistory, HoldingTime, TimelineEntry
from petitions.enums import Actor, DeadlineKind, DeadlineState, DoorResult, Solved, Status, Verb
from petitions.models import (
    CaseTask,
    Deadline,
    DoorVisit,
    Escalation,
    Feedback,
    MeToo,
    Petition,
    PetitionQuerySet,
    ResidentMessage,
)
from petitions.rules import (
    case_parts,
    danger,
    duties,
    promises,
    routing,
    service_terms,
    staff_lines,
)
from petitions.rules.danger import Danger
from petitions.rules.promises import Promise
from petitions.rules.staff_lines import StaffLine
from petitions.web import task_items
from petitions.web.task_items import TaskItem
from petitions.workflow import submission

TASK_COLUMNS = tuple(field.attname for field in CaseTask._meta.concrete_fields)
SEES_RATINGS = frozenset({Actor.COORDINATOR, Actor.SUPERVISOR})
SEES_NO_RATINGS = frozenset({Actor.HANDLER, Actor.ASSIGNEE})


@dataclass(frozen=True, slots=True)
class OwedDeadlineItem:
    """A deadline that is not settled, as the tag `deadline` shows it; `owner` must keep it."""

    label: str
    owner: str
    moment: durations.InstantText
    datetime: str
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class InvolvedOrganisation:
    """An organisation that is involved in the case, as what, and its heads today.

    `has_left`: it works on the case but does not answer for the place any more.
    """

    label: str
    organisation: Organisation
    posts: Sequence[Post]
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class DoorCounts:
    """How many doors were found in which state."""

    counts: Sequence[tuple[str, str, int]]
    total: int


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """The content of the case page around the case itself.

    `is_working_time`: the holding times count working time. `reported_organisation` is the one that
    the case is about, if it is about one.
    """

    petition: Petition
    promise: Promise
    line: StaffLine
    danger: Danger | None
    deadlines: Sequence[OwedDeadlineItem]
    holder: str
    entries: Sequence[TimelineEntry]
    holding_times: Sequence[HoldingTime]
    is_working_time: bool
    reported_organisation: Organisation | None
    organisations: Sequence[InvolvedOrganisation]
    assignees: Sequence[Post]
    former_assignees: Sequence[User]
    answering_organisation_id: int | None
    escalations: Sequence[Escalation]
    tasks: Sequence[TaskItem]
    duplicates: Sequence[Petition]
    doors: DoorCounts
    photos: Sequence[Mapping[str, str]]
    ratings: Sequence[Mapping[str, Any]]
    me_too_count: int


@cache
def with_details() -> PetitionQuerySet:
    """Return the cases with everything that `load` reads from the row itself.

    Built once, because building it took a tenth of the time of the page. Not limited to what the
    viewer sees: apply `visible_to`.
    """
    of_case = {"petition": OuterRef("pk")}
    me_toos = MeToo.objects.filter(**of_case).order_by().values("petition")
    doors = DoorVisit.objects.filter(**of_case).order_by().values("result")
    feedback = Feedback.objects.filter(**of_case).order_by("round")
    row = {"round": "round", "solved": "solved", "rating": "rating", "by_phone": "is_by_phone"}
    return Petition.objects.annotate(
        me_too_count=Coalesce(Subquery(me_toos.annotate(number=Count("pk")).values("number")), 0),
        door_rows=ArraySubquery(
            doors.annotate(number=Count("pk")).values(
                row=JSONObject(result="result", count="number")
            )
        ),
        feedback_rows=ArraySubquery(feedback.values(row=JSONObject(**row))),
        task_rows=ArraySubquery(
            CaseTask.objects.filter(**of_case)
            .order_by("id")
            .values(row=JSONObject(**{name: name for name in TASK_COLUMNS}))
        ),
        has_undelivered_text=Exists(ResidentMessage.objects.undelivered().filter(**of_case)),
    )


def load(
    petition: Petition, viewer: User, now: dt.datetime, *, is_printed: bool = False
) -> CaseDetail:
    """Read what the page shows around a case that was fetched with `with_details`.

    A printed page is read by others than the viewer; its line names the organisation.
    """
    history = timeline.load_history(petition)
    case_workers.keep(petition, history.events)
    case_parts.attach([petition])
    petition.case_tasks = _tasks(petition)
    owed = list(Deadline.objects.owed().filter(petition=petition).order_by("due_at"))
    entries = timeline.staff_timeline(history, now)
    organisations, assignees, former_assignees = _people(petition, viewer.scope)
    calendar = service_terms.for_petition(petition).calendar_for(DeadlineKind.RESOLUTION)
    return CaseDetail(
        petition=petition,
        promise=promises.promise(petition, now, owed),
        line=staff_lines.staff_line(petition, now, owed, None if is_printed else viewer),
        danger=danger.of_case(petition, *danger.follow_up_words(history.events)),
        deadlines=_deadlines(petition, owed, viewer, now),
        holder=_holder(petition),
        entries=entries,
        holding_times=timeline.holding_times(history, now, calendar),
        is_working_time=calendar is not None,
        reported_organisation=involvement.reported_organisation(petition),
        organisations=organisations,
        assignees=assignees,
        former_assignees=former_assignees,
        answering_organisation_id=involvement.answering_organisation_id(petition),
        escalations=_escalations(petition, history),
        tasks=task_items.of_case(
            petition,
            owed,
            viewer,
            now,
            task_events.hand_back_reasons(history.names, history.events),
        ),
        duplicates=_duplicates(petition, viewer, now),
        doors=_door_counts(petition, history),
        photos=[photo for entry in entries for photo in entry.photos],
        ratings=_ratings(petition, viewer),
        me_too_count=_annotated(petition, "me_too_count"),
    )


def _annotated(petition: Petition, name: str) -> Any:
    """Return what `with_details` read; KeyError for a case that was fetched without it."""
    return vars(petition)[name]


def _tasks(petition: Petition) -> list[CaseTask]:
    """Return the tasks that `with_details` read as JSON together with the case."""
    fields = CaseTask._meta.concrete_fields
    return [
        CaseTask.from_db(
            petition._state.db,
            list(TASK_COLUMNS),
            [field.to_python(row[field.attname]) for field in fields],
        )
        for row in _annotated(petition, "task_rows")
    ]


def _deadlines(
    petition: Petition, owed: Sequence[Deadline], viewer: User, now: dt.datetime
) -> list[OwedDeadlineItem]:
    """Return the deadlines of the case, and those of the tasks of the viewer's organisations.

    The deadlines of other tasks are shown beside these tasks only.
    """
    terms = service_terms.for_petition(petition)
    own = involvement.own_organisations(viewer.scope)
    owners = register_rows.organisations(
        row.organisation_id for row in owed if row.organisation_id is not None
    )
    return [
        OwedDeadlineItem(
            label=str(DeadlineKind(row.kind).label),
            owner=owners[row.organisation_id].short_name if row.organisation_id else _("居民"),
            moment=terms.time_left(row, now),
            datetime=row.due_at.isoformat(),
            is_provisional=row.is_provisional and row.state == DeadlineState.OPEN,
        )
        for row in owed
        if row.task_id is None or row.organisation_id in own
    ]


def _holder(petition: Petition) -> str:
    """Return who has the case now; a returned case is with the organisation that decides."""
    if not petition.is_running:
        return _("等居民确认") if petition.is_open else _("已经办完")
    if petition.status == Status.RETURNED:
        return duties.deciding_organisation(petition).short_name
    return involvement.holder(petition).short_name


def _people(
    petition: Petition, scope: Scope
) -> tuple[list[InvolvedOrganisation], list[Post], list[User]]:
    """Return the involved organisations with their heads, the assignees, and those who left."""
    first_role: dict[int, tuple[str, Organisation]] = {}
    for rule, organisation in involvement.organisations_of(petition):
        first_role.setdefault(organisation.pk, (str(rule.label), organisation))
    assignee_ids = involvement.assignee_ids(petition)
    posts = directory.posts_at(first_role, assignee_ids, scope.day)
    left_ids = _left_organisations(petition, scope)
    organisations = [
        InvolvedOrganisation(label, organisation, _heads(posts, organisation), pk in left_ids)
        for pk, (label, organisation) in first_role.items()
    ]
    people = {
        post.user_id: post
        for post in posts
        if post.user_id in assignee_ids and (not petition.is_running or _is_below(post, petition))
    }
    missing = set(assignee_ids) - people.keys() if petition.is_running else set()
    former = User.objects.filter(pk__in=missing).order_by("pk") if missing else []
    return organisations, list(people.values()), list(former)


def _is_below(post: Post, petition: Petition) -> bool:
    """Tell whether a post lies in or below the responsible organisation."""
    organisation = post.organisation
    return organisation is not None and petition.organisation_id in organisation.ancestor_ids


def _left_organisations(petition: Petition, scope: Scope) -> set[int]:
    """Return which of the organisations that work on a case answer for its place no more.

    No query if they all do.
    """
    if not petition.is_running:
        return set()
    place = routing.place(petition.place_id, scope.day, scope.register_version)
    if place is None:
        return set()
    present = {row.organisation_id for row in place.answering}
    working = {petition.organisation_id, involvement.holder(petition).pk} - present
    area_ids = [area.pk for area in place.chain]
    return {pk for pk in working if case_holders.has_left(pk, area_ids, scope.day)}


def _heads(posts: Iterable[Post], organisation: Organisation) -> list[Post]:
    own = [post for post in posts if post.organisation_id == organisation.pk]
    return [post for post in own if post.role in HEAD_ROLES]


def _escalations(petition: Petition, history: CaseHistory) -> list[Escalation]:
    if not any(event.verb in (Verb.ESCALATE, Verb.DISPUTE) for event in history.events):
        return []
    rows = petition.escalations.select_related(
        "to_organisation", "from_organisation", "answered_by"
    )
    return list(rows.order_by("id"))


def _duplicates(petition: Petition, viewer: User, now: dt.datetime) -> list[Petition]:
    if not petition.is_open:
        return []
    similar = submission.similar_cases(
        viewer=viewer, place=petition.place, category=petition.category, now=now
    )
    return [other for other in similar.only("status", "created_at") if other.pk != petition.pk]


def _door_counts(petition: Petition, history: CaseHistory) -> DoorCounts:
    """Count the doors; after they were deleted, take the counts from the event that did so."""
    counts = {row["result"]: row["count"] for row in _annotated(petition, "door_rows")}
    if not counts:
        archived = [event.data["doors"] for event in history.events if event.data.get("doors")]
        counts = archived[-1] if archived else {}
    rows = [
        (result.value, str(result.label), counts[result])
        for result in DoorResult
        if counts.get(result)
    ]
    return DoorCounts(rows, sum(count for _value, _label, count in rows))


def _ratings(petition: Petition, viewer: User) -> list[dict[str, Any]]:
    """Return the feedback of each round, for coordinators and supervisors who never handled it.

    Who worked on the case, or belongs or belonged to an organisation that did, does not see it.
    """
    actors = actors_of(viewer, petition)
    if actors & SEES_NO_RATINGS or not actors & SEES_RATINGS:
        return []
    if case_workers.include(viewer.scope, petition):
        return []
    return [
        row | {"said": Solved(row["solved"]).label if row["solved"] else ""}
        for row in _annotated(petition, "feedback_rows")
    ]
