"""Counters of visible cases; each uses the named filter of the list that it links to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet, Window

from config.lib.db import compiled_select
from config.lib.viewer import Viewer
from members.enums import Role
from petitions.models import Petition, PetitionQuerySet, is_task_overdue
from petitions.relations import COORDINATOR_ROLES
from petitions.rules import task_queries
from petitions.rules.task_queries import DOING_ROLES, ORDERING_ROLES, is_only_doer
from petitions.web.filters import named_filter
from petitions.web.list_items import urgent_first

ANSWERING = frozenset({Role.COMMUNITY_SECRETARY, Role.SUBDISTRICT_OFFICIAL, Role.CITY_OFFICIAL})
ACCEPTING = COORDINATOR_ROLES | {Role.BRANCH_SECRETARY, Role.CITY_OFFICIAL}
CONFIRMING = COORDINATOR_ROLES | {Role.BRANCH_SECRETARY}
DISPATCHING = CONFIRMING

TASK_COUNTERS = ("task_overdue", "to_acknowledge", "to_conclude", "handed_back")
"""Counters of tasks; whoever orders tasks sees them only while they are not 0."""

# Most urgent first, with the roles that see the counter; `None` stands for all.
COUNTERS: tuple[tuple[str, frozenset[Role] | None], ...] = (
    ("overdue", None),
    ("due_soon", None),
    ("to_accept", ACCEPTING),
    ("waiting", ANSWERING),
    ("returned", COORDINATOR_ROLES | {Role.CITY_OFFICIAL}),
    ("to_confirm", CONFIRMING),
    ("former_holder", DISPATCHING),
    ("mine", None),
    ("task_overdue", DOING_ROLES | ORDERING_ROLES),
    ("to_acknowledge", DOING_ROLES),
    ("to_conclude", DOING_ROLES),
    ("handed_back", DOING_ROLES | ORDERING_ROLES),
)
COLUMNS = ("due_today", "overdue", "escalated")


def counters_for(viewer: Viewer) -> list[str]:
    """Return the names of the counters for the roles of the viewer, most urgent first.

    A department has tasks only; the deadlines of its cases are those of the responsible ones.
    """
    if is_only_doer(viewer):
        return list(TASK_COUNTERS)
    return [name for name, roles in COUNTERS if roles is None or viewer.scope.has_role(*roles)]


@dataclass(frozen=True, slots=True)
class CountedCases:
    """The open cases that a viewer sees: numbers by named filter, and the ids of the most urgent.

    A case can count under several names.
    """

    counts: Mapping[str, int]
    urgent_ids: Sequence[int]


def open_cases(names: Sequence[str], viewer: Viewer, now: dt.datetime, limit: int) -> CountedCases:
    """Count the open cases that the viewer sees, and find the `limit` most urgent, by one query.

    Both at once, because finding the open cases takes longer than counting and sorting them.
    """

    def build(now: dt.datetime) -> QuerySet[Petition, Any]:
        counts = {
            name: Window(Count("pk", filter=named_filter(name, viewer, now))) for name in names
        }
        cases = urgent_first(Petition.objects.visible_to(viewer).open(), viewer, now)
        return cases.annotate(**counts).values_list("pk", *names)[:limit]

    key = ("open_cases", tuple(names), limit, *viewer.scope.key)
    rows = compiled_select.rows(key, build, now)
    numbers = rows[0][1:] if rows else [0] * len(names)
    return CountedCases(dict(zip(names, numbers, strict=True)), [row[0] for row in rows])


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """Numbers of tasks that an organisation has to conclude, and of those that are overdue."""

    open: int
    overdue: int


def task_figures(viewer: Viewer, now: dt.datetime) -> dict[int, TaskFigures]:
    """Count the tasks in visible cases by id of the doing organisation, with one query."""
    rows = (
        task_queries.visible_to(viewer)
        .owed()
        .order_by()
        .values("doer_id")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=is_task_overdue(now)))
    )
    return {row["doer_id"]: TaskFigures(row["open"], row["overdue"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of open cases of an area or organisation.

    `due_today`: the next deadline is later today; `overdue`: it has passed; `escalated`: an
    escalation is not answered yet; `oldest_at`: when the oldest case was reported.
    """

    open: int = 0
    due_today: int = 0
    overdue: int = 0
    escalated: int = 0
    oldest_at: dt.datetime | None = None


def figures_by(
    cases: PetitionQuerySet, field: str, viewer: Viewer, now: dt.datetime
) -> dict[int, Figures]:
    """Count the open cases by id of `field`: `subdistrict`, `community` or `organisation`."""
    columns = {name: Count("pk", filter=named_filter(name, viewer, now)) for name in COLUMNS}
    rows = (
        cases.open()
        .exclude(**{field: None})
        .order_by()
        .values(f"{field}_id")
        .annotate(all_open=Count("pk"), oldest_at=Min("created_at"), **columns)
    )
    return {
        row[f"{field}_id"]: Figures(
            row["all_open"], row["due_today"], row["overdue"], row["escalated"], row["oldest_at"]
        )
        for row in rows
    }


def total(rows: Sequence[Figures]) -> Figures:
    """Return the sums of the rows, and the earliest `oldest_at`."""
    return Figures(
        sum(row.open for row in rows),
        sum(row.due_today for row in rows),
        sum(row.overdue for row in rows),
        sum(row.escalated for row in rows),
        min((row.oldest_at for row in rows if row.oldest_at), default=None),
    )
