"""Residents' pages around a report: front, at a building, who answers for a place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from branches.enums import OrgLevel
from branches.models import Responsibility, Stop
from config.lib import clock, durations
from grids.models import Area
from petitions.enums import Channel, Status
from petitions.intake import drafts, place_picker
from petitions.intake.drafts import Draft
from petitions.models import Petition, PetitionQuerySet, PrivacyNotice
from petitions.rules import catalogue, routing

LOOK_BACK = dt.timedelta(days=30)
MOST_MATTERS = 6
MOST_STOPS = 5
ANSWERING = (OrgLevel.GROUP, OrgLevel.BRANCH, OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT)


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter already being handled at a place: nothing in it says who reported it or how."""

    pk: int
    category: str
    status: str
    step: str
    since: str


def show(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render one of the residents' pages."""
    return render(request, f"petitions/intake/{template}.html", context, status=status)


def refused(request: HttpRequest, reason: str) -> HttpResponse:
    """Say why something cannot be done now (409), and where to go on."""
    return show(request, "refusal", {"reason": reason}, 409)


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The three doors; whoever works here finds the way to the work as well."""
    return show(request, "front", {"has_draft": bool(drafts.load(request.session).text)})


def known_matters(area: Area, now: dt.datetime) -> PetitionQuerySet:
    """Keep what residents may know of a place.

    No sealed case, none about an organisation, and no household's own matter.
    """
    known = Petition.objects.same_matter(area.pk, None, now - LOOK_BACK)
    return known.filter(category__is_listed=True)


def being_handled(area: Area, now: dt.datetime) -> PetitionQuerySet:
    """Keep the matters of a place that are still open, newest first."""
    found = known_matters(area, now).open()
    return found.select_related("category__parent").order_by("-pk")


def matters(rows: Iterable[Petition]) -> list[Matter]:
    """Put matters into words for residents."""
    now = clock.now()
    return [
        Matter(
            pk=row.pk,
            category=catalogue.full_label(row.category),
            status=row.status,
            step=str(Status(row.status).label),
            since=durations.absolute(row.created_at, now),
        )
        for row in rows
    ]


def notice_text(notice: PrivacyNotice | None) -> str:
    """Return the privacy notice in the reader's language."""
    if notice is None:
        return ""
    is_english = (translation.get_language() or "").startswith("en")
    return notice.text_en if is_english and notice.text_en else notice.text


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def at_place(request: HttpRequest, code: str) -> HttpResponse:
    """At the building: what is being handled here, "me too", and the way to report."""
    today = timezone.localdate()
    area, is_ours = place_picker.by_qr(code, today)
    if area is None:
        return show(request, "unknown_qr", {"is_ours": is_ours}, 410 if is_ours else 404)
    if request.method == "POST":
        draft = drafts.load(request.session)
        begin_at(draft, area)
        drafts.save(request.session, draft)
        return redirect("petitions:report_what")
    found = list(being_handled(area, clock.now())[: MOST_MATTERS + 1])
    context = {
        "area": area,
        "code": code,
        "matters": matters(found[:MOST_MATTERS]),
        "has_more": len(found) > MOST_MATTERS,
    }
    return show(request, "at_place", context)


def begin_at(draft: Draft, area: Area) -> None:
    """Set the place of a report from the QR link; what was written before stays."""
    if draft.place_id != area.pk:
        draft.place_id, draft.about_id = area.pk, None
    draft.channel = Channel.QR


@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Who answers for a place, from the smallest organisation up, and how to reach them."""
    today = timezone.localdate()
    area = place_picker.reportable(request.GET.get("place", ""), today)
    if area is None:
        finder = place_picker.find(request.GET.get("q", ""), request.GET.get("in", ""), today)
        return show(request, "who", {"finder": finder})
    found = routing.load_place(area, today)
    rows = [row for row in map(found.organisation_at, ANSWERING) if row is not None]
    context = {
        "area": area,
        "around": [one for one in found.chain if one.pk != area.pk],
        "rows": rows,
        "stops": _stops(rows, today),
    }
    return show(request, "who_place", context)


def _stops(rows: Iterable[Responsibility], today: dt.date) -> list[Stop]:
    """Return the next announced stops of the mobile rooms of those who answer."""
    groups = [row.organisation_id for row in rows if row.level == OrgLevel.GROUP]
    if not groups:
        return []
    coming = Stop.objects.filter(room__organisation__in=groups, date__gte=today)
    return list(coming.select_related("room", "area").order_by("date")[:MOST_STOPS])
