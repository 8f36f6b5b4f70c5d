"""The door for people to organisations: the tree, and one organisation."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.enums import OrgKind
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from config.lib import panels
from config.lib.db.tree_paths import Crumb
from config.lib.db.validity import season_words
from config.lib.viewer import Viewer
from grids.models import Area

MOST_FOUND = 50
NEXT_STOPS = 6


class Duty(TypedDict):
    """A place the organisation answers for."""

    row: Responsibility
    url: str
    season: str
    is_now: bool


class Room(TypedDict):
    """A mobile activity room with its next stops."""

    room: MobileActivityRoom
    stops: list[Stop]


def _viewer(request: HttpRequest) -> Viewer:
    """Return who is looking; every view here stands behind `login_required`."""
    return cast("Viewer", request.user)


@login_required
@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own organisations and those right below, or those found by their name."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Organisation.objects.visible_to(viewer).on(today).select_related("area")
    typed = request.GET.get("q", "").strip()
    own_ids = {seat.organisation_id for seat in viewer.scope.posts if seat.organisation_id}
    data = {
        "typed": typed,
        "found": list(visible.search(typed)[:MOST_FOUND]) if typed else [],
        "own": [] if typed else list(visible.filter(pk__in=own_ids)),
        "below": [] if typed else list(visible.filter(parent__in=own_ids)),
    }
    return render(request, "branches/organisations.html", data)


@login_required
@require_GET
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one organisation: what it answers for since when, what stands below it, its rooms."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Organisation.objects.visible_to(viewer)
    it = get_object_or_404(visible.select_related("area"), pk=pk)
    data = {
        "organisation": it,
        "crumbs": _crumbs(it),
        "duties": _duties(it, viewer, today),
        "below": visible.on(today).filter(parent=it).order_by("path"),
        "rooms": _rooms(it),
        "is_over": not it.is_valid_on(today),
        "panels": panels.of("organisation", it, viewer, today),
    }
    return render(request, "branches/organisation.html", data)


def _duties(it: Organisation, viewer: Viewer, day: dt.date) -> list[Duty]:
    """What the organisation answers for; a place is a link where the viewer may open it."""
    rows = list(Responsibility.objects.of(it, day))
    may_open = set(
        Area.objects.visible_to(viewer)
        .filter(pk__in={row.area_id for row in rows})
        .values_list("pk", flat=True)
    )
    return [
        Duty(
            row=row,
            url=row.area.get_absolute_url() if row.area_id in may_open else "",
            season=season_words(row.season_from, row.season_to),
            is_now=row.is_in_season(day),
        )
        for row in rows
    ]


def _crumbs(it: Organisation) -> list[Crumb]:
    above = Organisation.objects.filter(pk__in=it.ancestor_ids[:-1]).order_by("path")
    crumbs = [Crumb(label=org.short_name, url=org.get_absolute_url()) for org in above]
    return [*crumbs, Crumb(label=it.short_name, url="")]


def _rooms(it: Organisation) -> list[Room]:
    """The mobile rooms of a yurt group; no other organisation has any."""
    if it.kind != OrgKind.YURT_GROUP:
        return []
    return [_room(room) for room in it.mobile_rooms.order_by("id")]


def _room(room: MobileActivityRoom) -> Room:
    stops = room.stops.filter(date__gte=timezone.localdate()).select_related("area")
    return Room(room=room, stops=list(stops[:NEXT_STOPS]))
