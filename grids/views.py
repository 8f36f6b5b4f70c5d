"""The door for people to places: the tree, one place, its posters, and the box to choose one."""

from __future__ import annotations

from typing import TypedDict, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from config.lib import panels
from config.lib.db.tree_paths import Crumb
from config.lib.db.validity import season_words
from config.lib.viewer import Viewer
from grids import place_search, posters
from grids.models import Area, AreaCode, PlaceQr
from grids.querysets import AreaQuerySet

MOST_FOUND = 50
MOST_POSTERS = 60
BIGGEST_ID_DIGITS = 18


class Poster(TypedDict):
    """A printable QR code of a place."""

    area: Area
    code: str
    drawing: posters.Drawing


def _viewer(request: HttpRequest) -> Viewer:
    """Return who is looking; every view here stands behind `login_required`."""
    return cast("Viewer", request.user)


@login_required
@require_GET
def places(request: HttpRequest) -> HttpResponseBase:
    """Show where the viewer's territory begins, or the places found by what was typed."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Area.objects.visible_to(viewer).on(today)
    chosen = request.GET.get("place", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) <= BIGGEST_ID_DIGITS:
        return redirect(get_object_or_404(visible, pk=int(chosen)))
    typed = request.GET.get("q", "").strip()
    data = {
        "typed": typed,
        "found": list(visible.search(typed)[:MOST_FOUND]) if typed else [],
        "starts": [] if typed else _starts(visible, viewer),
        "panels": [] if typed else panels.of("places", None, viewer, today),
    }
    return render(request, "grids/places.html", data)


@login_required
@require_GET
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one place: its codes and doors, who answers for it, what lies in it, its QR links."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Area.objects.visible_to(viewer)
    area = get_object_or_404(visible, pk=pk)
    below = visible.on(today).filter(parent=area).with_current_code(today)
    data = {
        "area": area,
        "crumbs": _crumbs(area),
        "codes": AreaCode.objects.filter(area=area).on(today),
        "season": season_words(area.season_from, area.season_to),
        "below": below.order_by("level", "sort_key"),
        "qr_codes": PlaceQr.objects.filter(area=area, revoked_at=None).order_by("id"),
        "is_over": not area.is_valid_on(today),
        "panels": panels.of("place", area, viewer, today),
    }
    return render(request, "grids/place.html", data)


@login_required
@require_GET
def poster(request: HttpRequest, pk: int) -> HttpResponse:
    """Print the QR codes in use of a place and of all that lies in it, one sheet each."""
    visible = Area.objects.visible_to(_viewer(request))
    area = get_object_or_404(visible, pk=pk)
    codes = (
        PlaceQr.objects.filter(area__in=visible.below(area), revoked_at=None)
        .select_related("area")
        .order_by("area__sort_key", "id")
    )
    sheets = [_poster(request, code) for code in codes[:MOST_POSTERS]]
    return render(request, "grids/poster.html", {"area": area, "sheets": sheets})


@login_required
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Answer the box in which a place is chosen while typing, inside the viewer's territory."""
    found = place_search.suggest(_viewer(request), request.GET.get("q", ""), timezone.localdate())
    return JsonResponse(found)


def _starts(visible: AreaQuerySet, viewer: Viewer) -> list[Area]:
    paths = {path for seat in viewer.scope.posts for path in seat.area_paths}
    return list(visible.filter(path__in=paths).order_by("level", "sort_key"))


def _crumbs(area: Area) -> list[Crumb]:
    above = Area.objects.filter(pk__in=area.ancestor_ids[:-1]).order_by("path")
    crumbs = [Crumb(label=place.name, url=place.get_absolute_url()) for place in above]
    return [*crumbs, Crumb(label=area.name, url="")]


def _poster(request: HttpRequest, qr: PlaceQr) -> Poster:
    address = request.build_absolute_uri(qr.get_absolute_url())
    return Poster(area=qr.area, code=qr.code, drawing=posters.draw(address))
