"""Pages of places: the tree, one place, its posters, and autocomplete."""

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
from config.lib.web import site_links
from grids import place_search, posters
from grids.models import Area, AreaCode, AreaQuerySet, PlaceQr

MAX_RESULTS = 50
MAX_POSTERS = 60
MAX_ID_DIGITS = 18


class Poster(TypedDict):
    """A printable QR code of a place."""

    area: Area
    code: str
    drawing: posters.Drawing


def _viewer(request: HttpRequest) -> Viewer:
    """Return the user as `Viewer`; every view here requires login."""
    return cast("Viewer", request.user)


@login_required
@require_GET
def places(request: HttpRequest) -> HttpResponseBase:
    """Show the top places of the viewer's scope, or the search results."""
    viewer, today = _viewer(request), timezone.localdate()
    visible = Area.objects.visible_to(viewer).on(today)
    selected_id = request.GET.get("place", "")
    if selected_id.isascii() and selected_id.isdigit() and len(selected_id) <= MAX_ID_DIGITS:
        return redirect(get_object_or_404(visible, pk=int(selected_id)))
    query = request.GET.get("q", "").strip()
    data = {
        "query": query,
        "results": list(visible.search(query)[:MAX_RESULTS]) if query else [],
        "top_places": [] if query else _top_places(visible, viewer),
        "panels": [] if query else panels.of("places", None, viewer, today),
    }
    return render(request, "grids/places.html", data)


@login_required
@require_GET
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one place: codes, doors, responsible organisations, children, QR links."""
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
    """Show printable QR codes of a place and everything below it, one per sheet."""
    visible = Area.objects.visible_to(_viewer(request))
    area = get_object_or_404(visible, pk=pk)
    codes = (
        PlaceQr.objects.filter(area__in=visible.below(area), revoked_at=None)
        .select_related("area")
        .order_by("area__sort_key", "id")
    )
    sheets = [_poster(code) for code in codes[:MAX_POSTERS]]
    return render(request, "grids/poster.html", {"area": area, "sheets": sheets})


@login_required
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Answer an autocomplete request within the viewer's scope."""
    suggestions = place_search.suggest(
        _viewer(request), request.GET.get("q", ""), timezone.localdate()
    )
    return JsonResponse(suggestions)


def _top_places(visible: AreaQuerySet, viewer: Viewer) -> list[Area]:
    paths = {path for post in viewer.scope.posts for path in post.area_paths}
    return list(visible.filter(path__in=paths).order_by("level", "sort_key"))


def _crumbs(area: Area) -> list[Crumb]:
    ancestors = Area.objects.filter(pk__in=area.ancestor_ids[:-1]).order_by("path")
    crumbs = [Crumb(label=place.name, url=place.get_absolute_url()) for place in ancestors]
    return [*crumbs, Crumb(label=area.name, url="")]


def _poster(qr: PlaceQr) -> Poster:
    url = site_links.absolute(qr.get_absolute_url())
    return Poster(area=qr.area, code=qr.code, drawing=posters.draw(url))
