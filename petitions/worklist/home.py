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

from branches import coverage
from config.lib import clock, durations
from config.lib.viewer import ActivePost
from grids.calendar import calendars
from grids.enums import Level
from grids.models import Area
from members.enums import Role
from members.models import InboxMessage, User
from petitions import permissions
from petitions.enums import Actor, Verb
from petitions.models import Event, Petition
from petitions.permissions import COORDINATOR_ROLES
from petitions.rules import catalogue
from petitions.verbs.table import SPEC_OF
from petitions.web import counters, list_items
from petitions.web.access import StaffRequest, staff_only
from petitions.web.filters import NAMED_FILTER_LABELS

MAX_CASES = 10
MAX_CHANGES = 8
MAX_MESSAGES = 5
MAX_GAPS = 5  # of each kind
CHANGES_SINCE = dt.timedelta(hours=24)
TILE_STYLES: dict[str, tuple[str, str]] = {
    "overdue": ("overdue", "alert-solid"),
    "due_soon": ("soon", "clock-alert"),
    "to_accept": ("accent", "inbox"),
    "waiting": ("accent", "megaphone"),
    "returned": ("soon", "corner-up-left"),
    "to_confirm": ("done", "hourglass"),
    "mine": ("info", "hand"),
}
MAX_CACHED_SCOPES = 500
Gaps = tuple[tuple[int, str], ...]  # level and full name of each place
# By register version, day and posts of the user.
_gaps_by_scope: dict[tuple[int, dt.date, tuple[ActivePost, ...]], Gaps] = {}
CHANGE_COLUMNS = (
    *("at", "verb", "actor", "petition__place_name", "petition__category"),
    "acting_for__short_name",
)
"""What `_change` reads of an event and its case."""
HIDDEN_VERBS = frozenset({Verb.REMIND, Verb.REVEAL, Verb.RATE})


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
    """Return the context of the part that changes, with at most five queries."""
    cases = Petition.objects.visible_to(user)
    counts = counters.count(cases, counters.counters_for(user), user, now)
    urgent = list_items.first_urgent(cases.open(), user, now, MAX_CASES)
    return {
        "tiles": [_tile(name, number) for name, number in counts.items()],
        "cases": list_items.list_items(urgent, now, by=user),
        "changes": _changes(user, now),
        "unread": _unread(user, now),
        "data_problems": _data_problems(user, timezone.localdate(now)),
        "now": now,
    }


def _tile(name: str, number: int) -> dict[str, Any]:
    """Return a counter as a link to the cases that it counts."""
    tone, icon = TILE_STYLES[name]
    url = f"{reverse('petitions:list')}?{name}=1"
    label = NAMED_FILTER_LABELS[name]
    return {"label": label, "count": number, "url": url, "tone": tone, "icon": icon}


def _unread(user: User, now: dt.datetime) -> list[InboxMessage]:
    unread = InboxMessage.objects.shown_to(user, now).unread()
    return list(unread.order_by("-id")[:MAX_MESSAGES])


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


def _data_problems(user: User, day: dt.date) -> list[str]:
    """Return what is missing in calendars and registers, for desks and the city only."""
    if not user.scope.has_role(*COORDINATOR_ROLES, Role.CITY_OFFICIAL):
        return []
    missing_years = [
        _("%(year)s年的工作日历还没有导入，时限只是暂定。") % {"year": year}
        for year in calendars.missing_year_notice(day)
    ]
    return missing_years + [_gap(level, place) for level, place in _responsibility_gaps(user, day)]


def _responsibility_gaps(user: User, day: dt.date) -> Gaps:
    """Return the visible places without a responsible organisation.

    Cached per process; read again when the registers or the posts of the user change.
    """
    scope = user.scope
    if scope.register_version is None:
        return _read_gaps(user, day)
    key = (scope.register_version, day, scope.posts)
    gaps = _gaps_by_scope.get(key)
    if gaps is None:
        if len(_gaps_by_scope) >= MAX_CACHED_SCOPES:
            _gaps_by_scope.clear()
        gaps = _gaps_by_scope[key] = _read_gaps(user, day)
    return gaps


def _read_gaps(user: User, day: dt.date) -> Gaps:
    """Read the gaps from the database, with one query."""
    gaps = coverage.gaps(Area.objects.visible_to(user), day)
    kinds = (
        gaps.buildings_without_grid,
        gaps.grids_without_branch,
        gaps.units_without_organisation,
    )
    first, *others = (
        kind.order_by("path").values("full_name", "level")[:MAX_GAPS] for kind in kinds
    )
    return tuple((row["level"], row["full_name"]) for row in first.union(*others, all=True))


def _gap(level: int, place: str) -> str:
    if level == Level.BUILDING:
        return _("%(place)s 没有划入网格。") % {"place": place}
    if level == Level.GRID:
        return _("%(place)s 没有负责的党支部。") % {"place": place}
    return _("%(place)s 没有负责的党组织。") % {"place": place}
