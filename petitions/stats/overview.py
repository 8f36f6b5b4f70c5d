"""The overview for officials: where open cases are stuck, each figure a link to its cases."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib import clock, durations
from grids.enums import Level
from grids.models import Area
from members.enums import Role
from members.models import User
from petitions import involvement
from petitions.models import Petition
from petitions.web import counters, list_items
from petitions.web.access import StaffRequest, staff_only

MOST_ESCALATIONS = 10
CELLS = (
    ("open", ""),
    ("due_today", "due_today"),
    ("overdue", "overdue"),
    ("escalated", "escalated"),
)

# The widest post decides what the rows are: subdistricts, communities or branches.
ROWS_FOR: tuple[tuple[Role, str], ...] = (
    (Role.CITY_OFFICIAL, "subdistrict"),
    (Role.SUBDISTRICT_OFFICIAL, "community"),
    (Role.COMMUNITY_SECRETARY, "organisation"),
    (Role.STAFF, "organisation"),
)
LEVELS = {"subdistrict": Level.SUBDISTRICT, "community": Level.COMMUNITY}


@dataclass(frozen=True, slots=True)
class OverviewCell:
    """One figure and the list of exactly the cases it counts."""

    count: int
    url: str
    column: str


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One area or organisation with its figures."""

    name: str
    url: str
    cells: list[OverviewCell]
    oldest: durations.Moment | None
    oldest_url: str


@staff_only
@require_GET
def overview(request: StaffRequest) -> HttpResponse:
    """Show open cases by area, and on top the escalations the viewer must answer."""
    user, now = request.user, clock.now()
    field = next((rows_ for role, rows_ in ROWS_FOR if user.scope.has_role(role)), None)
    if field is None:
        raise PermissionDenied
    cases = Petition.objects.visible_to(user)
    figures = counters.figures_by(cases, field, user, now)
    waiting = list_items.for_list(cases.open().filter(involvement.awaiting_answer_of(user)))
    first = waiting.order_by("due_at", "id")[:MOST_ESCALATIONS]
    data = {
        "field": field,
        "lines": _lines(user, field, figures, now),
        "total": _line(_("合计"), "", "", counters.total(list(figures.values())), now),
        "waiting": list_items.list_items(first, now, by=user),
        "waiting_url": f"{reverse('petitions:list')}?waiting=1",
    }
    return render(request, "petitions/stats/overview.html", data)


def _lines(
    user: User, field: str, figures: dict[int, counters.Figures], now: dt.datetime
) -> list[OverviewRow]:
    """Return a line for every area or organisation in reach, by name; those without a case too."""
    named = _named(user, field, figures)
    none = counters.Figures()
    return [
        _line(name, url, f"{field}={pk}", figures.get(pk, none), now) for pk, name, url in named
    ]


def _named(
    user: User, field: str, figures: dict[int, counters.Figures]
) -> list[tuple[int, str, str]]:
    """Return id, name and page of each row. A body outside the viewer's reach keeps its figures."""
    if field == "organisation":
        within = Organisation.objects.on(user.scope.day).filter(level=OrgLevel.BRANCH)
        bodies = within.visible_to(user) | Organisation.objects.filter(pk__in=figures)
        return [(body.pk, body.name, body.get_absolute_url()) for body in bodies.order_by("path")]
    within_areas = Area.objects.on(user.scope.day).filter(level=LEVELS[field]).visible_to(user)
    areas = within_areas | Area.objects.filter(pk__in=figures)
    return [(area.pk, area.name, area.get_absolute_url()) for area in areas.order_by("sort_key")]


def _line(
    name: str, url: str, where: str, figures: counters.Figures, now: dt.datetime
) -> OverviewRow:
    base = reverse("petitions:list")

    def link(word: str, **more: Any) -> str:
        query = "&".join(
            part for part in (where, f"{word}=1" if word else "", urlencode(more)) if part
        )
        return f"{base}?{query}" if query else base

    return OverviewRow(
        name=name,
        url=url,
        cells=[
            OverviewCell(getattr(figures, column), link(word), column) for column, word in CELLS
        ],
        oldest=durations.time_since(figures.oldest_at, now) if figures.oldest_at else None,
        oldest_url=link("", sort="oldest"),
    )
