"""The overview for officials: open cases by area or organisation, each figure a link."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from branches import register_rows
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

MAX_ESCALATIONS = 10
# Column, the named filter of the list that its figure links to, and its heading.
COLUMNS = (
    ("open", "", _("在办")),
    ("due_today", "due_today", _("今天到期")),
    ("overdue", "overdue", _("已超期")),
    ("escalated", "escalated", _("升级未答复")),
)

# The user's highest role decides what the rows are: subdistricts, communities or branches.
ROW_FIELDS: tuple[tuple[Role, str], ...] = (
    (Role.CITY_OFFICIAL, "subdistrict"),
    (Role.SUBDISTRICT_OFFICIAL, "community"),
    (Role.COMMUNITY_SECRETARY, "organisation"),
    (Role.STAFF, "organisation"),
)
LEVELS = {"subdistrict": Level.SUBDISTRICT, "community": Level.COMMUNITY}


@dataclass(frozen=True, slots=True)
class OverviewCell:
    """A figure, and the URL of the list with the cases that it counts."""

    count: int
    url: str
    column: str
    label: StrOrPromise


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """The figures of an area or organisation."""

    name: str
    url: str
    cells: list[OverviewCell]
    oldest: durations.InstantText | None
    oldest_url: str


@dataclass(frozen=True, slots=True)
class DoerRow:
    """The tasks of a department, and the URLs of the lists with the cases they are in."""

    name: str
    url: str
    open: int
    open_url: str
    overdue: int
    overdue_url: str


@staff_only
@require_GET
def show_overview(request: StaffRequest) -> HttpResponse:
    """Show open cases by area or organisation, and the escalations the user must answer."""
    user, now = request.user, clock.now()
    field = next((field for role, field in ROW_FIELDS if user.scope.has_role(role)), None)
    if field is None:
        raise PermissionDenied
    cases = Petition.objects.visible_to(user)
    figures = counters.figures_by(cases, field, user, now)
    escalated = list_items.for_list(cases.open().filter(involvement.awaiting_answer_of(user)))
    escalated = escalated.order_by("answer_due_at", "id")[:MAX_ESCALATIONS]
    context = {
        "field": field,
        "rows": _rows(user, field, figures, now),
        "total": _row(gettext("合计"), "", "", counters.total(list(figures.values())), now),
        "escalated": list_items.list_items(escalated, now, by=user),
        "escalated_url": f"{reverse('petitions:list')}?waiting=1",
        "doers": _doers(counters.task_figures(user, now)),
    }
    return render(request, "petitions/stats/overview.html", context)


def _doers(figures: dict[int, counters.TaskFigures]) -> list[DoerRow]:
    """Return a row for every department with a task to conclude, sorted by name."""
    organisations = register_rows.organisations(figures)
    base = reverse("petitions:list")
    rows = [
        DoerRow(
            name=organisations[pk].short_name,
            url=organisations[pk].get_absolute_url(),
            open=row.open,
            open_url=f"{base}?doer={pk}",
            overdue=row.overdue,
            overdue_url=f"{base}?late_doer={pk}",
        )
        for pk, row in figures.items()
        if pk in organisations
    ]
    return sorted(rows, key=lambda row: row.name)


def _rows(
    user: User, field: str, figures: dict[int, counters.Figures], now: dt.datetime
) -> list[OverviewRow]:
    """Return a row for every visible area or organisation, also for those without a case."""
    rows = _row_names(user, field, figures)
    none = counters.Figures()
    return [_row(name, url, f"{field}={pk}", figures.get(pk, none), now) for pk, name, url in rows]


def _row_names(
    user: User, field: str, figures: dict[int, counters.Figures]
) -> list[tuple[int, str, str]]:
    """Return id, name and URL of each row; a row with figures is kept if it is not visible."""
    if field == "organisation":
        visible = Organisation.objects.on(user.scope.day).filter(level=OrgLevel.BRANCH)
        organisations = visible.visible_to(user) | Organisation.objects.filter(pk__in=figures)
        return [
            (row.pk, row.name, row.get_absolute_url()) for row in organisations.order_by("path")
        ]
    visible_areas = Area.objects.on(user.scope.day).filter(level=LEVELS[field]).visible_to(user)
    areas = visible_areas | Area.objects.filter(pk__in=figures)
    return [(area.pk, area.name, area.get_absolute_url()) for area in areas.order_by("sort_key")]


def _row(
    name: str, url: str, query: str, figures: counters.Figures, now: dt.datetime
) -> OverviewRow:
    base = reverse("petitions:list")

    def link(named_filter: str, **extra: Any) -> str:
        flag = f"{named_filter}=1" if named_filter else ""
        parts = "&".join(part for part in (query, flag, urlencode(extra)) if part)
        return f"{base}?{parts}" if parts else base

    return OverviewRow(
        name=name,
        url=url,
        cells=[
            OverviewCell(getattr(figures, column), link(named_filter), column, label)
            for column, named_filter, label in COLUMNS
        ],
        oldest=durations.time_since(figures.oldest_at, now) if figures.oldest_at else None,
        oldest_url=link("", sort="oldest"),
    )
