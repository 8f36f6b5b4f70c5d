"""The home page: counters, the most urgent cases, and recent changes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.lib import clock, durations
from members.inbox import unread_messages
from members.models import User
from petitions import permissions
from petitions.enums import Actor, Verb
from petitions.models import Event, Petition
from petitions.rules import case_tasks, catalogue
from petitions.verbs.table import SPEC_OF
from petitions.web import counters, list_items, task_items
from petitions.web.access import StaffRequest, staff_only
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
    *("at", "verb", "actor", "petition__place_name", "petition__category"),
    "acting_for__short_name",
)
"""What `_change` reads of an event and its case."""
HIDDEN_VERBS = frozenset({Verb.REMIND, Verb.RESCHEDULE, Verb.REVEAL, Verb.RATE})


@dataclass(frozen=True, slots=True)
class Change:
    """An event of another user in a case that the viewer may see; `kind` chooses the icon."""

    url: str
    title: str
    verb: str
    icon: str
    when: str


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
    """Return the context of the part that changes, with at most five queries.

    For users with tasks three more; a department sees its tasks instead of the cases.
    """
    counts = counters.count(counters.counters_for(user), user, now)
    is_only_doer = case_tasks.is_only_doer(user)
    urgent = [] if is_only_doer else list_items.first_urgent(user, now, MAX_CASES)
    items = list_items.list_items(urgent, now, by=user)
    has_tasks = any(counts.get(name) for name in counters.TASK_COUNTERS)
    former_count = counts.get(FORMER_HOLDER, 0)
    return {
        "tiles": [
            _tile(name, number)
            for name, number in counts.items()
            if number or is_only_doer or name not in SHOWN_IF_COUNTED
        ],
        "tasks": task_items.to_act_on(user, now, MAX_CASES) if has_tasks else [],
        "is_only_doer": is_only_doer,
        "cases": items,
        "own_cases": [item for item in items if item.is_own],
        "other_cases": [item for item in items if not item.is_own],
        "changes": _changes(user, now),
        "unread": unread_messages.newest(user, now, MAX_MESSAGES),
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
    """Return the newest events of the last 24 hours in visible cases, without the viewer's own."""
    events = (
        Event.objects.filter(
            at__gte=now - CHANGES_SINCE, petition__in=Petition.objects.visible_to(user)
        )
        .exclude(user=user)
        .exclude(verb__in=HIDDEN_VERBS)
        .select_related("petition", "acting_for")
        .only(*CHANGE_COLUMNS)
        .order_by("-at", "-id")[:MAX_CHANGES]
    )
    return [_change(event, now) for event in events]


def _change(event: Event, now: dt.datetime) -> Change:
    petition = event.petition
    category = catalogue.read().by_id.get(petition.category_id)
    who = event.acting_for.short_name if event.acting_for else Actor(event.actor).label
    spec = SPEC_OF[Verb(event.verb)]
    return Change(
        url=petition.get_absolute_url(),
        title=f"{petition.place_name} {catalogue.label(category or petition.category)}",
        verb=_("%(who)s：%(verb)s") % {"who": who, "verb": spec.event_label},
        icon=spec.icon,
        when=durations.time_since(event.at, now).relative,
    )
