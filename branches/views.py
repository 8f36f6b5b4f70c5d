"""Pages of organisations: the tree, and one organisation."""

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

MAX_RESULTS = 50
MAX_STOPS = 6


class ResponsibilityItem(TypedDict):
    """A place the organisation is responsible for; `url` is empty if not visible."""

    row: Responsibility
    url: str
    season: str
    is_now: bool


class RoomItem(TypedDict):
    """A mobile activity room with its next stops."""

    room: MobileActivityRoom
    stops: list[Stop]


def _viewer(request: HttpRequest) -> Viewer:
    """Return the user as `Viewer`; every view here requires login."""
    return cast("Viewer", request.user)


@login_required
@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own organisations and their children, or the search results."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Organisation.objects.visible_to(viewer).on(today).select_related("area")
    query = request.GET.get("q", "").strip()
    own_ids = {post.organisation_id for post in viewer.scope.posts if post.organisation_id}
    data = {
        "query": query,
        "results": list(visible.search(query)[:MAX_RESULTS]) if query else [],
        "own": [] if query else list(visible.filter(pk__in=own_ids)),
        "below": [] if query else list(visible.filter(parent__in=own_ids)),
    }
    return render(request, "branches/organisations.html", data)


@login_required
@require_GET
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one organisation: responsibilities, children and mobile rooms."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Organisation.objects.visible_to(viewer)
    shown = get_object_or_404(visible.select_related("area"), pk=pk)
    data = {
        "organisation": shown,
        "crumbs": _crumbs(shown),
        "responsibilities": _responsibilities(shown, viewer, today),
        "below": visible.on(today).filter(parent=shown).order_by("path"),
        "rooms": _rooms(shown),
        "is_over": not shown.is_valid_on(today),
        "panels": panels.of("organisation", shown, viewer, today),
    }
    return render(request, "branches/organisation.html", data)


def _responsibilities(
    organisation: Organisation, viewer: Viewer, day: dt.date
) -> list[ResponsibilityItem]:
    """Return the places the organisation is responsible for; visible ones are links."""
    rows = list(Responsibility.objects.of(organisation, day))
    visible_ids = set(
        Area.objects.visible_to(viewer)
        .filter(pk__in={row.area_id for row in rows})
        .values_list("pk", flat=True)
    )
    return [
        ResponsibilityItem(
            row=row,
            url=row.area.get_absolute_url() if row.area_id in visible_ids else "",
            season=season_words(row.season_from, row.season_to),
            is_now=row.is_in_season(day),
        )
        for row in rows
    ]


def _crumbs(organisation: Organisation) -> list[Crumb]:
    ancestors = Organisation.objects.filter(pk__in=organisation.ancestor_ids[:-1]).order_by("path")
    crumbs = [Crumb(label=org.short_name, url=org.get_absolute_url()) for org in ancestors]
    return [*crumbs, Crumb(label=organisation.short_name, url="")]


def _rooms(organisation: Organisation) -> list[RoomItem]:
    """Return the mobile rooms; only yurt groups have any."""
    if organisation.kind != OrgKind.YURT_GROUP:
        return []
    return [_room(room) for room in organisation.mobile_rooms.order_by("id")]


def _room(room: MobileActivityRoom) -> RoomItem:
    stops = room.stops.filter(date__gte=timezone.localdate()).select_related("area")
    return RoomItem(room=room, stops=list(stops[:MAX_STOPS]))
