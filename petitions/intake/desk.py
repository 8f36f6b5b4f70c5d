"""The desk: log what a resident says in one screen, then the slip with number and code."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from config.lib import clock
from grids.place_search import listed
from petitions import involvement, permissions, workflow
from petitions.enums import Channel, Regime
from petitions.intake import intake_preview as desk_knowledge
from petitions.intake.desk_forms import DeskForm, DeskPreviewForm
from petitions.intake.intake_preview import IntakePreview, Lookup
from petitions.models import Category, Petition
from petitions.rules import catalogue, category_matching, promises, tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.web.access import StaffRequest, staff_only
from petitions.workflow.submission import IdempotencyRequest, KeyReused, Report, Submitted

SLIP_LASTS = dt.timedelta(minutes=30)
HASHED = (
    *("text", "since", "urgency", "name", "phone", "is_confidential"),
    *("channel", "external_number", "about"),
)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: StaffRequest) -> HttpResponse:
    """Show the empty form, or file what was filled in and go on to the slip."""
    if not permissions.may_open_desk(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, DeskForm(), IntakePreview())
    form = DeskForm(request.POST, request.FILES)
    form.photo_bond = f"desk:{request.user.pk}"
    form.is_valid()
    now = clock.now()
    found = _found(request, form, timezone.localdate(now))
    known = _known(request, form, found, now)
    _name_what_is_missing(form, found, known)
    if form.errors or "look" in request.POST:
        return _page(request, form, known, found)
    try:
        filed = _file(request, form, known, now)
    except KeyReused:
        return _again(request, form, known)
    except workflow.NotPermitted as refused:
        raise PermissionDenied from refused
    except workflow.WorkflowError as refused:
        form.add_error(None, refused.message)
        return _page(request, form, known, found, status=HTTPStatus.CONFLICT)
    return redirect("petitions:slip", filed.petition.pk)


@staff_only
@require_GET
def preview(request: StaffRequest) -> HttpResponse:
    """Return the right half of the desk for what is chosen so far."""
    asked = DeskPreviewForm(request.GET)
    asked.is_valid()
    given, now = asked.cleaned_data, clock.now()
    known = desk_knowledge.preview(
        viewer=request.user,
        place=desk_knowledge.place_with(request.user, given.get("place"), timezone.localdate(now)),
        category=desk_knowledge.category_with(given.get("category")),
        urgency=given.get("urgency", ""),
        about_id=given.get("about"),
        now=now,
    )
    return render(request, "petitions/intake/_desk_preview.html", {"known": known} | _lines(known))


@staff_only
@require_GET
def category_suggest(request: StaffRequest) -> JsonResponse:
    """Return categories for what was typed, as the box expects them."""
    found = desk_knowledge.categories_for(request.GET.get("q", ""))
    return JsonResponse({"results": _listed(found)})


@never_cache
@staff_only
@require_GET
def slip(request: StaffRequest, pk: int) -> HttpResponse:
    """Show number and code to whoever filed the case, for half an hour, and to nobody else."""
    now = clock.now()
    filed = Petition.objects.filter(
        involvement.filed_by(request.user.pk), created_at__gte=now - SLIP_LASTS
    )
    petition = get_object_or_404(filed.with_parts(), pk=pk)
    code = tracking_codes.code_for(petition.uuid)
    data = {
        "petition": petition,
        "code": tracking_codes.shown(code),
        "plain_code": code,
        "category": catalogue.full_label(petition.category),
        "promise": promises.promise(petition, now, petition.deadlines.owed()),
        "has_contact": hasattr(petition, "contact"),
        "track_address": f"{request.get_host()}{reverse('petitions:track')}",
    }
    return render(request, "petitions/intake/slip.html", data)


def _found(request: StaffRequest, form: DeskForm, day: dt.date) -> Lookup:
    given = form.cleaned_data
    return desk_knowledge.find(
        request.user,
        where=given.get("where", ""),
        place_ids=(given.get("place_choice"), given.get("place")),
        what=given.get("what", ""),
        category_ids=(given.get("category_choice"), given.get("category")),
        day=day,
    )


def _known(request: StaffRequest, form: DeskForm, found: Lookup, now: dt.datetime) -> IntakePreview:
    return desk_knowledge.preview(
        viewer=request.user,
        place=found.place,
        category=found.category,
        urgency=form.cleaned_data.get("urgency", ""),
        about_id=form.cleaned_data.get("about"),
        now=now,
    )


def _name_what_is_missing(form: DeskForm, found: Lookup, known: IntakePreview) -> None:
    """Say at the field when words do not lead to one place or matter, or to the body meant."""
    given = form.cleaned_data
    if "where" in given and found.place is None:
        form.add_error("where", _choose(found.places, _("没有找到这个地点，请换个说法。")))
    if "what" in given and found.category is None:
        form.add_error("what", _choose(found.categories, _("没有找到这类事项，请换个说法。")))
    if given.get("about") and known.place is not None and known.about is None:
        form.add_error(None, _("反映的组织不负责这个地点，请在右边重新选择。"))


def _choose(candidates: tuple[object, ...], nothing: str) -> str:
    return _("请从下面选一个。") if candidates else nothing


def _file(
    request: StaffRequest, form: DeskForm, known: IntakePreview, now: dt.datetime
) -> Submitted:
    """File it: the same sending twice makes one case."""
    given = form.cleaned_data
    assert known.place is not None
    assert known.category is not None
    report = Report(
        place=known.place,
        category=known.category,
        text=given["text"],
        channel=Channel(given["channel"]),
        notice_version=catalogue.notice_version(timezone.localdate(now)),
        since=given["since"],
        urgency=given["urgency"],
        reach=ContactDetails(given["name"], given["phone"], given["is_confidential"]),
        about=known.about,
        photos=given["photos"],
        regime=Regime.HOTLINE if given["external_number"] else Regime.COMMUNITY,
        external_number=given["external_number"],
        around=known.ground,
    )
    sent: dict[str, Any] = {name: str(given[name]) for name in HASHED}
    sent |= {"place": known.place.pk, "category": known.category.pk}
    sent["photos"] = [photo.sha256 for photo in given["photos"]]
    key = IdempotencyRequest(f"desk:{request.user.pk}", str(given["key"]), _hash(sent))
    return workflow.submit(report=report, by=request.user, now=now, key=key)


def _hash(sent: dict[str, Any]) -> str:
    """Return a keyed hash of what was sent: a telephone number must not be guessable from it."""
    body = json.dumps(sent, sort_keys=True)
    return salted_hmac("petitions.intake.intake_preview", body, algorithm="sha256").hexdigest()


def _again(request: StaffRequest, form: DeskForm, known: IntakePreview) -> HttpResponse:
    """The form was sent before with other words: say so, and let it be filed as another case."""
    form.say(key=str(uuid.uuid4()))
    form.add_error(
        None, _("这张表刚才已经登记过，现在内容有改动。确实是另一件事，请再按一次“登记”。")
    )
    return _page(request, form, known, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(
    request: StaffRequest,
    form: DeskForm,
    known: IntakePreview,
    found: Lookup | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Show the form with everything typed; what was found stands in it by its whole name."""
    if form.is_bound and known.place is not None:
        form.say(where=known.place.full_name, place=str(known.place.pk))
    if form.is_bound and known.category is not None:
        form.say(what=known.category_label, category=str(known.category.pk))
    data = {
        "form": form,
        "known": known,
        "place_choices": listed(found.places) if found and not found.place else [],
        "category_choices": _listed(found.categories) if found and not found.category else [],
    }
    return render(request, "petitions/intake/desk.html", data | _lines(known), status=status)


def _listed(found: Iterable[Category]) -> list[dict[str, Any]]:
    """Return categories to choose from, each with how urgent it usually is."""
    return [
        {"id": row.pk, "label": catalogue.full_label(row), "detail": row.get_urgency_display()}
        for row in found
    ]


def _lines(known: IntakePreview) -> dict[str, Any]:
    """Return the first number to call besides the national ones, in an emergency."""
    found = (
        category_matching.emergency_numbers(known.category)
        if known.category and known.is_emergency
        else []
    )
    return {"line": found[0] if found else None}
