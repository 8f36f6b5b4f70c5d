"""The home page: counters, the most urgent cases, and recent changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches import register_rows
from branches.models import Organisation
from config.lib import clock, durations, row_urls
from config.lib.db import compiled_select
from members.inbox import unread_messages
from members.models import User
from petitions import permissions
from petitions.enums import Actor, Verb
from petitions.models import Event, Petition
from petitions.rules import catalogue, task_queries
from petitions.verbs.table import SPEC_OF
from petitions.web import counters, list_items, task_items
from petitions.web.access import StaffRequest, staff_only, start_page_for_others
from petitions.web.filters import NAMED_FILTER_LABELS
from petitions.worklist import data_problems

MAX_CASES = 10
MAX_CHANGES = 8
MAX_MESSAGES = 5
CHANGES_SINCE = dt.timedelta(hours=24)
TILE_STYLES: dict[str, tuple[str, str]] = {
    "overdue": ("overdue", "alert-solid"),
    "due_soon": ("soon", "clock-alert"),
    "to_accept": ("accent", "inbox"),
    "waiting": ("accent", "megaphone"),
    "returned": ("soon", "corner-up-left"),
    "to_confirm": ("done", "hourglass"),
    "former_holder": ("soon", "users"),
    "mine": ("info", "hand"),
    "task_overdue": ("overdue", "clock-alert"),
    "to_acknowledge": ("accent", "inbox"),
    "to_conclude": ("info", "wrench"),
    "handed_back": ("soon", "corner-up-left"),
}
FORMER_HOLDER = "former_holder"
SHOWN_IF_COUNTED = frozenset({FORMER_HOLDER, *counters.TASK_COUNTERS})
"""Counters without a tile while they are 0, except those of tasks on a department's page."""
CHANGE_COLUMNS = (
    *("at", "verb", "actor", "acting_for_id"),
    *("petition_id", "petition__place_name", "petition__category_id"),
)
"""What `_change` reads of an event and its case."""
HIDDEN_VERBS = frozenset({Verb.REMIND, Verb.RESCHEDULE, Verb.REVEAL, Verb.RATE})


@dataclass(frozen=True, slots=True)
class Change:
    """An event of another user in a case that the viewer may see."""

    url: str
    title: str
    verb: str
    icon: str
    when: str


@start_page_for_others
@staff_only
@require_GET
def show_home(request: StaffRequest) -> HttpResponse:
    """Show the home page; htmx polls get only the part that changes."""
    user, now = request.user, clock.now()
    context = _live_context(user, now)
    if request.headers.get("HX-Request"):
        return render(request, "petitions/worklist/_home_live.html", context)
    context["can_file"] = permissions.may_open_desk(user)
    return render(request, "petitions/worklist/home.html", context)


def _live_context(user: User, now: dt.datetime) -> dict[str, Any]:
    """Return the context of the part that changes: at most six queries, registers aside.

    A department sees its tasks instead of the cases.
    """
    cases = counters.open_cases(counters.counters_for(user), user, now, MAX_CASES)
    counts = cases.counts
    is_only_doer = task_queries.is_only_doer(user)
    urgent = [] if is_only_doer else cases.urgent_ids
    has_tasks = any(counts.get(name) for name in counters.TASK_COUNTERS)
    tasks = task_items.to_act_on(user, now, MAX_CASES) if has_tasks else []
    petitions = list_items.load_by_id([*urgent, *(task.petition_id for task in tasks)])
    items = list_items.list_items([petitions[pk] for pk in urgent], now, by=user)
    former_count = counts.get(FORMER_HOLDER, 0)
    unread = unread_messages.newest(user, now, unread_messages.MAX_COUNT)
    return {
        "tiles": [
            _tile(name, number)
            for name, number in counts.items()
            if number or is_only_doer or name not in SHOWN_IF_COUNTED
        ],
        "tasks": task_items.own_items(tasks, petitions, user, now),
        "is_only_doer": is_only_doer,
        "cases": items,
        "own_cases": [item for item in items if item.is_own],
        "other_cases": [item for item in items if not item.is_own],
        "changes": _changes(user, now),
        "unread": unread[:MAX_MESSAGES],
        "unread_count": len(unread),
        "data_problems": data_problems.sentences(user, timezone.localdate(now), former_count),
        "now": now,
    }


def _tile(name: str, number: int) -> dict[str, Any]:
    """Return a counter as a link to the cases that it counts."""
    tone, icon = TILE_STYLES[name]
    url = f"{reverse('petitions:list')}?{name}=1"
    label = NAMED_FILTER_LABELS[name]
    return {"label": label, "count": number, "url": url, "tone": tone, "icon": icon}


def _changes(user: User, now: dt.datetime) -> list[Change]:
    """Return the newest events of the last 24 hours in visible cases.

    Without those of the viewer and without `HIDDEN_VERBS`.
    """

    def build(now: dt.datetime) -> QuerySet[Event, Any]:
        events = Event.objects.filter(
            at__gte=now - CHANGES_SINCE, petition__in=Petition.objects.visible_to(user)
        )
        others = events.exclude(user=user).exclude(verb__in=HIDDEN_VERBS)
        return others.order_by("-at", "-id").values_list(*CHANGE_COLUMNS)[:MAX_CHANGES]

    key = ("changes", *user.scope.key)
    rows = compiled_select.rows(key, build, now)
    organisations = register_rows.organisations(row[3] for row in rows if row[3])
    return [_change(row, organisations, now) for row in rows]


def _change(
    row: tuple[Any, ...], organisations: Mapping[int, Organisation], now: dt.datetime
) -> Change:
    """Return one change; `row` holds `CHANGE_COLUMNS`."""
    at, verb, actor, acting_for_id, petition_id, place_name, category_id = row
    acting_for, category = organisations.get(acting_for_id), catalogue.read().by_id.get(category_id)
    spec = SPEC_OF[Verb(verb)]
    who = acting_for.short_name if acting_for else Actor(actor).label
    return Change(
        url=row_urls.url("petitions:case", petition_id),
        title=f"{place_name} {catalogue.label(category) if category else ''}".strip(),
        verb=_("%(who)s：%(verb)s") % {"who": who, "verb": spec.event_label},
        icon=spec.icon,
        when=durations.time_since(at, now).relative,
    )
