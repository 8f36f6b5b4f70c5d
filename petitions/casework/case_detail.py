"""Everything the case page shows, read in few queries whatever the case went through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib import durations
from members.enums import HEADS
from members.models import Post, User
from members.posts import directory
from petitions import involvement, permissions
from petitions.casework import timeline
from petitions.casework.timeline import CaseHistory, HolderPeriod, TimelineEntry
from petitions.enums import Actor, DeadlineKind, DoorResult, Solved, Verb
from petitions.models import Deadline, DoorVisit, Escalation, Feedback, MeToo, Petition
from petitions.rules import promises, service_terms
from petitions.rules.promises import Promise
from petitions.workflow import submission

SEES_RATINGS = frozenset({Actor.COORDINATOR, Actor.SUPERVISOR})
SEES_NO_RATINGS = frozenset({Actor.HANDLER, Actor.ASSIGNEE})
PROMISE_STATE = {"done": "met", "waiting": "paused"}
"""How the promise line's component names the states of a promise."""


@dataclass(frozen=True, slots=True)
class RunningDeadline:
    """One limit that runs, in words."""

    label: str
    moment: durations.Moment
    datetime: str
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class InvolvedOrganisation:
    """An organisation that has to do with the case, and who holds its post today."""

    label: str
    organisation: Organisation
    posts: Sequence[Post]


@dataclass(frozen=True, slots=True)
class DoorCounts:
    """What was found at doors, as counts."""

    counts: Sequence[tuple[str, str, int]]
    total: int


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """The case page's content."""

    petition: Petition
    promise: Promise
    promise_state: str
    clocks: Sequence[RunningDeadline]
    holder: str
    entries: Sequence[TimelineEntry]
    hands: Sequence[HolderPeriod]
    desks: Sequence[InvolvedOrganisation]
    assignees: Sequence[Post]
    answering_organisation_id: int | None
    escalations: Sequence[Escalation]
    duplicates: Sequence[Petition]
    doors: DoorCounts
    photos: Sequence[Mapping[str, str]]
    ratings: Sequence[Mapping[str, Any]]
    me_too_count: int


def get_with_details(viewer: User, pk: int) -> Petition:
    """Return a case within the viewer's scope with its counts; any other does not exist."""
    of_case = {"petition": OuterRef("pk")}
    me_toos = MeToo.objects.filter(**of_case).order_by().values("petition")
    doors = DoorVisit.objects.filter(**of_case).order_by().values("result")
    said = Feedback.objects.filter(**of_case).order_by("round")
    row = {"round": "round", "solved": "solved", "rating": "rating", "by_phone": "is_by_phone"}
    cases = (
        Petition.objects.visible_to(viewer)
        .with_parts()
        .select_related("contact", "place", "grid")
        .annotate(
            me_too_count=Coalesce(
                Subquery(me_toos.annotate(number=Count("pk")).values("number")), 0
            ),
            door_rows=ArraySubquery(
                doors.annotate(number=Count("pk")).values(
                    row=JSONObject(result="result", count="number")
                )
            ),
            feedback_rows=ArraySubquery(said.values(row=JSONObject(**row))),
        )
    )
    return get_object_or_404(cases, pk=pk)


def load(petition: Petition, viewer: User, now: dt.datetime) -> CaseDetail:
    """Read what stands around a case found by `find`."""
    owed = list(Deadline.objects.owed().filter(petition=petition).order_by("due_at"))
    promise = promises.promise(petition, now, owed)
    story = timeline.load_history(petition)
    entries = timeline.staff_timeline(story, now)
    desks, assignees = _people(petition, viewer.scope.day)
    return CaseDetail(
        petition=petition,
        promise=promise,
        promise_state=PROMISE_STATE.get(promise.state, promise.state),
        clocks=_clocks(petition, owed, now),
        holder=_holder(petition),
        entries=entries,
        hands=timeline.holder_periods(
            story, now, service_terms.for_petition(petition).calendar_for(DeadlineKind.RESOLUTION)
        ),
        desks=desks,
        assignees=assignees,
        answering_organisation_id=involvement.answering_organisation_id(petition),
        escalations=_escalations(petition, story),
        duplicates=_duplicates(petition, viewer, now),
        doors=_doors(petition, story),
        photos=[photo for entry in entries for photo in entry.photos],
        ratings=_ratings(petition, viewer),
        me_too_count=getattr(petition, "me_too_count", 0),
    )


def _clocks(
    petition: Petition, owed: Iterable[Deadline], now: dt.datetime
) -> list[RunningDeadline]:
    terms = service_terms.for_petition(petition)
    return [
        RunningDeadline(
            label=str(DeadlineKind(row.kind).label),
            moment=terms.time_left(row, now),
            datetime=row.due_at.isoformat(),
            is_provisional=row.is_provisional,
        )
        for row in owed
    ]


def _holder(petition: Petition) -> str:
    if not petition.is_running:
        return _("等居民确认") if petition.is_open else _("已经办完")
    return involvement.holder(petition).short_name


def _people(petition: Petition, day: dt.date) -> tuple[list[InvolvedOrganisation], list[Post]]:
    """Return the organisations of the case with their heads, and the people it was handed to."""
    named: dict[int, tuple[str, Organisation]] = {}
    for rule, organisation in involvement.organisations_of(petition):
        named.setdefault(organisation.pk, (str(rule.label), organisation))
    assignee_ids = involvement.assignee_ids(petition)
    posts = directory.posts_at(named, assignee_ids, day)
    desks = [
        InvolvedOrganisation(label, organisation, _heads(posts, organisation))
        for label, organisation in named.values()
    ]
    people = {post.user_id: post for post in posts if post.user_id in assignee_ids}
    return desks, list(people.values())


def _heads(posts: Iterable[Post], organisation: Organisation) -> list[Post]:
    found = [post for post in posts if post.organisation_id == organisation.pk]
    return [post for post in found if post.role in HEADS]


def _escalations(petition: Petition, story: CaseHistory) -> list[Escalation]:
    if not any(event.verb in (Verb.ESCALATE, Verb.DISPUTE) for event in story.events):
        return []
    rows = petition.escalations.select_related(
        "to_organisation", "from_organisation", "answered_by"
    )
    return list(rows.order_by("id"))


def _duplicates(petition: Petition, viewer: User, now: dt.datetime) -> list[Petition]:
    if not petition.is_open:
        return []
    found = submission.similar_cases(
        viewer=viewer, place=petition.place, category=petition.category, now=now
    )
    return [other for other in found if other.pk != petition.pk]


def _doors(petition: Petition, story: CaseHistory) -> DoorCounts:
    """Return door counts: of the doors while the case is open, afterwards from its last event."""
    counts = {row["result"]: row["count"] for row in getattr(petition, "door_rows", ())}
    if not counts:
        kept = [event.data["doors"] for event in story.events if event.data.get("doors")]
        counts = kept[-1] if kept else {}
    rows = [
        (result.value, str(result.label), counts[result])
        for result in DoorResult
        if counts.get(result)
    ]
    return DoorCounts(rows, sum(count for _value, _label, count in rows))


def _ratings(petition: Petition, viewer: User) -> list[dict[str, Any]]:
    """Return what the resident said in each round; whoever handles the case does not see it."""
    held = permissions.actors_of(viewer, petition)
    if held & SEES_NO_RATINGS or not held & SEES_RATINGS:
        return []
    return [
        row | {"said": Solved(row["solved"]).label if row["solved"] else ""}
        for row in getattr(petition, "feedback_rows", ())
    ]
