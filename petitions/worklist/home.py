"""The page "today": what needs the viewer now, most urgent first, and what is new."""

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
from petitions.permissions import DESK_ROLES
from petitions.rules import catalogue
from petitions.verbs.table import SPEC_OF
from petitions.web import counters, list_items
from petitions.web.access import StaffRequest, staff_only
from petitions.web.filters import NAMED_FILTER_LABELS

FIRST_ROWS = 10
MOST_CHANGES = 8
MOST_MESSAGES = 5
MOST_GAPS = 5
YESTERDAY = dt.timedelta(hours=24)
LOOKS: dict[str, tuple[str, str]] = {
    "overdue": ("overdue", "alert-solid"),
    "due_soon": ("soon", "clock-alert"),
    "to_accept": ("accent", "inbox"),
    "waiting": ("accent", "megaphone"),
    "returned": ("soon", "corner-up-left"),
    "to_confirm": ("done", "hourglass"),
    "mine": ("info", "hand"),
}
MOST_SCOPES = 500
Gaps = tuple[tuple[int, str], ...]  # level and full name of each place
# By version of the registers, day and posts of the viewer.
_gaps_of_scope: dict[tuple[int, dt.date, tuple[ActivePost, ...]], Gaps] = {}
QUIET = frozenset({Verb.REMIND, Verb.REVEAL, Verb.RATE})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing others did to a case the viewer may see."""

    url: str
    title: str
    verb: str
    icon: str
    when: str


@staff_only
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Show the viewer's counters and first cases; a poll of the page gets only these again."""
    user, now = request.user, clock.now()
    data = _live(user, now)
    if request.headers.get("HX-Request"):
        return render(request, "petitions/worklist/_home_live.html", data)
    data["can_file"] = permissions.may_open_desk(user)
    return render(request, "petitions/worklist/home.html", data)


def _live(user: User, now: dt.datetime) -> dict[str, Any]:
    """Return what changes by itself: at most five queries."""
    cases = Petition.objects.visible_to(user)
    counts = counters.count(cases, counters.counters_for(user), user, now)
    first = list_items.first_urgent(cases.open(), user, now, FIRST_ROWS)
    return {
        "tiles": [_tile(name, number) for name, number in counts.items()],
        "rows": list_items.list_items(first, now, by=user),
        "changes": _changes(user, now),
        "unread": _unread(user, now),
        "mending": _mending(user, timezone.localdate(now)),
        "now": now,
    }


def _tile(name: str, number: int) -> dict[str, Any]:
    """Return a counter as a link to exactly the cases it counts."""
    tone, icon = LOOKS[name]
    url = f"{reverse('petitions:list')}?{name}=1"
    label = NAMED_FILTER_LABELS[name]
    return {"label": label, "count": number, "url": url, "tone": tone, "icon": icon}


def _unread(user: User, now: dt.datetime) -> list[InboxMessage]:
    unread = InboxMessage.objects.shown_to(user, now).unread()
    return list(unread.order_by("-id")[:MOST_MESSAGES])


def _changes(user: User, now: dt.datetime) -> list[Change]:
    """Return the newest events of the last 24 hours in visible cases, by others than the viewer."""
    events = (
        Event.objects.filter(
            at__gte=now - YESTERDAY, petition__in=Petition.objects.visible_to(user)
        )
        .exclude(user=user)
        .exclude(verb__in=QUIET)
        .select_related("petition", "acting_for")
        .defer(*(f"petition__{name}" for name in list_items.DEFERRED_COLUMNS))
        .order_by("-at", "-id")[:MOST_CHANGES]
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


def _mending(user: User, day: dt.date) -> list[str]:
    """Say which data could leave a case without an owner; only to whom it concerns."""
    if not user.scope.has_role(*DESK_ROLES, Role.CITY_OFFICIAL):
        return []
    lines = [
        _("%(year)s年的工作日历还没有导入，时限只是暂定。") % {"year": year}
        for year in calendars.missing_year_notice(day)
    ]
    return lines + [_gap(level, place) for level, place in _gaps(user, day)]


def _gaps(user: User, day: dt.date) -> Gaps:
    """Return the places within the viewer's scope that nobody answers for.

    One query, and none while the registers and the viewer's posts stay as they are.
    """
    scope = user.scope
    if scope.register_version is None:
        return _read_gaps(user, day)
    key = (scope.register_version, day, scope.posts)
    gaps = _gaps_of_scope.get(key)
    if gaps is None:
        if len(_gaps_of_scope) >= MOST_SCOPES:
            _gaps_of_scope.clear()
        gaps = _gaps_of_scope[key] = _read_gaps(user, day)
    return gaps


def _read_gaps(user: User, day: dt.date) -> Gaps:
    gaps = coverage.gaps(Area.objects.visible_to(user), day)
    kinds = (
        gaps.buildings_without_grid,
        gaps.grids_without_branch,
        gaps.units_without_organisation,
    )
    first, *others = (
        kind.order_by("path").values("full_name", "level")[:MOST_GAPS] for kind in kinds
    )
    return tuple((row["level"], row["full_name"]) for row in first.union(*others, all=True))


def _gap(level: int, place: str) -> str:
    if level == Level.BUILDING:
        return _("%(place)s 没有划入网格。") % {"place": place}
    if level == Level.GRID:
        return _("%(place)s 没有负责的党支部。") % {"place": place}
    return _("%(place)s 没有负责的党组织。") % {"place": place}
