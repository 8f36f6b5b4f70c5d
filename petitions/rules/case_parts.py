"""What a row or a page of a case names besides its own columns, from caches instead of joins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from branches import register_rows
from config.lib import clock
from config.lib.db import compiled_select
from petitions import involvement
from petitions.models import CaseTask, Petition
from petitions.rules import catalogue

AREAS = ("community", "place", "grid")


def attach_tasks(petitions: Iterable[Petition]) -> None:
    """Read the tasks of cases, which `permissions` asks for.

    No query if no case has any, or if they were read before.
    """
    with_tasks = {
        petition.pk: petition
        for petition in petitions
        if involvement.has_tasks(petition) and "case_tasks" not in vars(petition)
    }
    if not with_tasks:
        return
    tasks: dict[int, list[CaseTask]] = {pk: [] for pk in with_tasks}
    for task in compiled_select.by_ids("tasks of cases", _tasks_of, clock.now(), list(with_tasks)):
        tasks[task.petition_id].append(task)
    for pk, petition in with_tasks.items():
        petition.case_tasks = tasks[pk]


def _tasks_of(_now: dt.datetime, case_ids: Sequence[int]) -> QuerySet[CaseTask]:
    return CaseTask.objects.filter(petition__in=case_ids).order_by("id")


def attach(petitions: Sequence[Petition]) -> None:
    """Set category, places and organisations of cases.

    No query where everything is cached, at most two otherwise.
    """
    categories = catalogue.read().by_id
    for petition in petitions:
        if (category := categories.get(petition.category_id)) is not None:
            petition.category = category
    register_rows.attach(petitions, organisations=involvement.ORGANISATIONS, areas=AREAS)
