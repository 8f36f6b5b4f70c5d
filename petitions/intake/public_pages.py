"""Public pages around a report: front page, QR page, and who is responsible for a place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
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
from petitions.intake.residents_only import refuse_staff
from petitions.models import Petition, PetitionQuerySet, PrivacyNotice
from petitions.rules import catalogue, contact_points, danger, routing
from petitions.rules.danger import Danger
from petitions.web.access import start_page_for_others

NEARBY_CASE_AGE = dt.timedelta(days=30)
MAX_NEARBY_CASES = 6
MAX_STOPS = 5
SHOWN_LEVELS = (OrgLevel.GROUP, OrgLevel.BRANCH, OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT)


@dataclass(frozen=True, slots=True)
class NearbyCase:
    """What residents may read about a case at a place: not who reported it, nor its text.

    `danger` warns of what concerns the whole building, also when only the text says so.
    """

    pk: int
    category: str
    status: str
    status_label: str
    since: str
    danger: Danger | None


def render_public(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = HTTPStatus.OK
) -> HttpResponse:
    """Render a public page of `templates/petitions/intake/`."""
    return render(request, f"petitions/intake/{template}.html", context, status=status)


def render_refusal(request: HttpRequest, reason: str) -> HttpResponse:
    """Answer 409 with the reason and links to go on."""
    return render_public(request, "refusal", {"reason": reason}, HTTPStatus.CONFLICT)


@start_page_for_others
@require_safe
def show_front_page(request: HttpRequest) -> HttpResponse:
    """Show the links to reporting, tracking and responsibilities, and to an unfinished draft.

    A logged-in user is redirected to the start page of the role.
    """
    return render_public(request, "front", {"has_draft": bool(drafts.load(request.session).text)})


def cases_shown_at(area: Area, now: dt.datetime) -> PetitionQuerySet:
    """Return the cases of a place that residents may know of.

    Not sealed, not about an organisation, and of a category that is listed in public.
    """
    cases = Petition.objects.same_matter(area.pk, None, now - NEARBY_CASE_AGE)
    return cases.filter(category__is_listed=True)


def open_cases_at(area: Area, now: dt.datetime) -> PetitionQuerySet:
    """Return the open cases of a place that residents may know of, newest first."""
    cases = cases_shown_at(area, now).open()
    return cases.select_related("category__parent").order_by("-pk")


def nearby_cases(cases: Iterable[Petition]) -> list[NearbyCase]:
    """Convert cases to what residents may read about them."""
    now = clock.now()
    return [
        NearbyCase(
            pk=petition.pk,
            category=catalogue.full_label(petition.category),
            status=petition.status,
            status_label=str(Status(petition.status).label),
            since=durations.absolute(petition.created_at, now),
            danger=danger.of_case(petition, is_for_neighbours=True),
        )
        for petition in cases
    ]


def notice_text(notice: PrivacyNotice | None) -> str:
    """Return the privacy notice in the reader's language."""
    if notice is None:
        return ""
    is_english = (translation.get_language() or "").startswith("en")
    return notice.text_en if is_english and notice.text_en else notice.text


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_qr_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the open cases at the place of a QR code; POST starts a report there.

    A revoked code is answered 410, an unknown one 404. Staff may look, but start no report.
    """
    area, is_issued = place_picker.place_of_qr(code, timezone.localdate())
    if area is None:
        status = HTTPStatus.GONE if is_issued else HTTPStatus.NOT_FOUND
        return render_public(request, "unknown_qr", {"is_issued": is_issued}, status)
    if request.method == "POST":
        refuse_staff(request)
        draft = drafts.load(request.session)
        _start_at(draft, area)
        drafts.save(request.session, draft)
        return redirect("petitions:report_what")
    cases = list(open_cases_at(area, clock.now())[: MAX_NEARBY_CASES + 1])
    context = {
        "area": area,
        "code": code,
        "nearby_cases": nearby_cases(cases[:MAX_NEARBY_CASES]),
        "has_more": len(cases) > MAX_NEARBY_CASES,
    }
    return render_public(request, "at_place", context)


def _start_at(draft: Draft, area: Area) -> None:
    """Set place and channel of the draft from a QR code; text already written stays."""
    if draft.place_id != area.pk:
        draft.place_id, draft.about_id = area.pk, None
    draft.channel = Channel.QR


@require_safe
def show_responsible_organisations(request: HttpRequest) -> HttpResponse:
    """Show who is responsible for a place, the lowest level first, with telephone numbers."""
    today = timezone.localdate()
    area = place_picker.reportable_place(request.GET.get("place", ""), today)
    if area is None:
        query, parent = request.GET.get("q", ""), request.GET.get("in", "")
        picker = place_picker.load_picker(query, parent, today)
        return render_public(request, "who", {"picker": picker})
    chain = routing.load_place(area, today)
    rows = [row for row in map(chain.organisation_at, SHOWN_LEVELS) if row is not None]
    context = {
        "area": area,
        "ancestors": [ancestor for ancestor in chain.chain if ancestor.pk != area.pk],
        "responsibilities": rows,
        "stops": _next_stops(rows, today),
        "hours": contact_points.office_hours(area.path, today),
    }
    return render_public(request, "who_place", context)


def _next_stops(responsibilities: Iterable[Responsibility], today: dt.date) -> list[Stop]:
    """Return the next stops of the mobile rooms of the responsible Party groups."""
    groups = [row.organisation_id for row in responsibilities if row.level == OrgLevel.GROUP]
    if not groups:
        return []
    stops = Stop.objects.filter(room__organisation__in=groups, date__gte=today)
    return list(stops.select_related("room", "area").order_by("date")[:MAX_STOPS])
