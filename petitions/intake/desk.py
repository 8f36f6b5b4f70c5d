"""The desk: staff enter a report on one page, then get the slip with number and tracking code."""

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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.lib import clock
from config.lib.web import site_links
from grids.place_search import listed
from petitions import case_log, involvement, permissions
from petitions.enums import Channel, Regime
from petitions.intake import intake_preview
from petitions.intake.desk_forms import DeskForm, DeskPreviewForm
from petitions.intake.intake_preview import IntakePreview, Lookup
from petitions.models import Category, Petition
from petitions.rules import (
    catalogue,
    contact_points,
    danger,
    promises,
    tracking_codes,
)
from petitions.rules.contacts import ContactDetails
from petitions.web import shown_codes
from petitions.web.access import StaffRequest, staff_only
from petitions.web.field_validation import MAX_TEXT_LENGTH
from petitions.workflow import submission, transitions
from petitions.workflow.idempotency import IdempotencyRequest, KeyReused
from petitions.workflow.submission import Report, Submitted

SLIP_VISIBLE_FOR = dt.timedelta(minutes=30)
HASHED_FIELDS = (
    *("text", "since", "urgency", "name", "phone", "is_confidential"),
    *("channel", "external_number", "about"),
)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def enter_report(request: StaffRequest) -> HttpResponse:
    """Show the empty form; POST submits the report and redirects to the slip."""
    if not permissions.may_open_desk(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _render_desk(request, DeskForm(), IntakePreview())
    form = DeskForm(request.POST, request.FILES)
    form.photo_bond = f"desk:{request.user.pk}"
    form.is_valid()
    now = clock.now()
    lookup = _look_up(request, form, timezone.localdate(now))
    preview = _preview(request, form, lookup, now)
    _add_lookup_errors(form, lookup, preview)
    _add_place_detail(form, lookup)
    if form.errors or "look" in request.POST:
        return _render_desk(request, form, preview, lookup)
    try:
        submitted = _submit(request, form, preview, now)
    except KeyReused:
        return _render_changed_form(request, form, preview, lookup)
    except transitions.NotPermitted as error:
        raise PermissionDenied from error
    except transitions.WorkflowError as error:
        form.add_error(None, error.message)
        return _render_desk(request, form, preview, lookup, status=HTTPStatus.CONFLICT)
    return redirect("petitions:slip", submitted.petition.pk)


@staff_only
@require_POST
def show_preview(request: StaffRequest) -> HttpResponse:
    """Return the preview beside the form for what has been chosen and written so far."""
    form = DeskPreviewForm(request.POST)
    form.is_valid()
    data, now = form.cleaned_data, clock.now()
    place = intake_preview.get_place(request.user, data.get("place"), timezone.localdate(now))
    preview = intake_preview.preview(
        viewer=request.user,
        place=place,
        category=intake_preview.get_category(data.get("category")),
        urgency=data.get("urgency", ""),
        about_id=data.get("about"),
        now=now,
    )
    context = _preview_context(preview, data.get("text", ""))
    return render(request, "petitions/intake/_desk_preview.html", context)


@staff_only
@require_GET
def suggest_categories(request: StaffRequest) -> JsonResponse:
    """Return categories for the text typed so far, in the form that the combobox reads."""
    categories = intake_preview.search_categories(request.GET.get("q", ""))
    return JsonResponse({"results": _category_options(categories)})


@never_cache
@staff_only
@require_GET
def show_slip(request: StaffRequest, pk: int) -> HttpResponse:
    """Show number and tracking code to the user who submitted the case, for 30 minutes.

    Some codes only once (`shown_codes`).
    """
    now = clock.now()
    own = Petition.objects.filter(
        involvement.filed_by(request.user.pk), created_at__gte=now - SLIP_VISIBLE_FOR
    )
    petition = get_object_or_404(own.with_parts(), pk=pk)
    code = shown_codes.code_to_show(petition)
    case_log.log_slip(petition, request.user, has_code=bool(code))
    context = {
        "petition": petition,
        "code": tracking_codes.shown(code),
        "plain_code": code,
        "category": catalogue.full_label(petition.category),
        "promise": promises.promise(petition, now, petition.deadlines.owed()),
        "danger": danger.of_case(petition),
        "has_contact": contact_points.has_phone(petition),
        "reported_organisation": involvement.reported_organisation(petition),
        "track_address": site_links.without_scheme(reverse("petitions:track")),
    }
    return render(request, "petitions/intake/slip.html", context)


def _look_up(request: StaffRequest, form: DeskForm, day: dt.date) -> Lookup:
    data = form.cleaned_data
    return intake_preview.look_up(
        request.user,
        place_text=data.get("where", ""),
        place_ids=(data.get("place_choice"), data.get("place")),
        category_text=data.get("what", ""),
        category_ids=(data.get("category_choice"), data.get("category")),
        day=day,
    )


def _preview(
    request: StaffRequest, form: DeskForm, lookup: Lookup, now: dt.datetime
) -> IntakePreview:
    return intake_preview.preview(
        viewer=request.user,
        place=lookup.place,
        category=lookup.category,
        urgency=form.cleaned_data.get("urgency", ""),
        about_id=form.cleaned_data.get("about"),
        now=now,
    )


def _add_lookup_errors(form: DeskForm, lookup: Lookup, preview: IntakePreview) -> None:
    """Add an error to each text that does not lead to one place, category or organisation."""
    data = form.cleaned_data
    if "where" in data and lookup.place is None:
        message = _("没有找到这个地点，请换个说法。")
        if lookup.is_near:
            form.add_error("where", _("没有叫这个名称的地点，请从名称相近的里面选一个。"))
        else:
            form.add_error("where", _lookup_message(lookup.places, message))
    if "what" in data and lookup.category is None:
        message = _("没有找到这类事项，请换个说法。")
        form.add_error("what", _lookup_message(lookup.categories, message))
    if data.get("about") and preview.place is not None and preview.about is None:
        form.add_error(None, _("反映的组织不负责这个地点，请在右边重新选择。"))


def _add_place_detail(form: DeskForm, lookup: Lookup) -> None:
    """Begin the text with what was typed behind the building: the report must not lose the door."""
    text, detail = form.cleaned_data.get("text", ""), lookup.place_detail
    if not text or not detail or text.startswith(detail):
        return
    text = f"{detail}，{text}"
    if len(text) > MAX_TEXT_LENGTH:
        form.add_error("text", _("连同楼号后面的“%(detail)s”超过了字数。") % {"detail": detail})
    form.cleaned_data["text"] = text


def _lookup_message(candidates: tuple[object, ...], not_found: str) -> str:
    return _("请从下面选一个。") if candidates else not_found


def _submit(
    request: StaffRequest, form: DeskForm, preview: IntakePreview, now: dt.datetime
) -> Submitted:
    """Submit the report; the same form sent twice makes one case."""
    data = form.cleaned_data
    assert preview.place is not None
    assert preview.category is not None
    report = Report(
        place=preview.place,
        category=preview.category,
        text=data["text"],
        channel=Channel(data["channel"]),
        notice_version=catalogue.notice_version(timezone.localdate(now)),
        since=data["since"],
        urgency=data["urgency"],
        contact=ContactDetails(data["name"], data["phone"], data["is_confidential"]),
        about=preview.about,
        photos=data["photos"],
        regime=Regime.HOTLINE if data["external_number"] else Regime.COMMUNITY,
        external_number=data["external_number"],
        chain=preview.responsible_chain,
    )
    hashed: dict[str, Any] = {name: str(data[name]) for name in HASHED_FIELDS}
    hashed |= {"place": preview.place.pk, "category": preview.category.pk}
    hashed["photos"] = [photo.sha256 for photo in data["photos"]]
    request_hash = _keyed_hash(json.dumps(hashed, sort_keys=True))
    key = IdempotencyRequest(f"desk:{request.user.pk}", str(data["key"]), request_hash)
    return submission.submit(report=report, by=request.user, now=now, key=key)


def _keyed_hash(content: str) -> str:
    """Return a keyed hash of the form; a plain hash would let telephone numbers be guessed.

    Salt and key are part of stored data: with others, a form submitted before an upgrade and
    repeated after it would count as changed.
    """
    return salted_hmac("petitions.desk", content, algorithm="sha256").hexdigest()


def _render_changed_form(
    request: StaffRequest, form: DeskForm, preview: IntakePreview, lookup: Lookup
) -> HttpResponse:
    """Answer 422: this form was submitted before with other content.

    The form gets a new idempotency key, so that submitting it again makes another case.
    """
    form.replace_values(key=str(uuid.uuid4()))
    form.add_error(
        None, _("这张表刚才已经登记过，现在内容有改动。确实是另一件事，请再按一次“登记”。")
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _render_desk(request, form, preview, lookup, status=status)


def _render_desk(
    request: StaffRequest,
    form: DeskForm,
    preview: IntakePreview,
    lookup: Lookup | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Render the form with everything typed; a place or category found gets its full name."""
    if form.is_bound and preview.place is not None:
        detail = lookup.place_detail if lookup else ""
        where = f"{preview.place.full_name} {detail}".strip()
        form.replace_values(where=where, place=str(preview.place.pk))
    if form.is_bound and preview.category is not None:
        form.replace_values(what=preview.category_label, category=str(preview.category.pk))
    places = lookup.places if lookup and not lookup.place else ()
    categories = lookup.categories if lookup and not lookup.category else ()
    context = {
        "form": form,
        "place_choices": listed(places),
        "category_choices": _category_options(categories),
        **_preview_context(preview, form["text"].value() or ""),
    }
    return render(request, "petitions/intake/desk.html", context, status=status)


def _category_options(categories: Iterable[Category]) -> list[dict[str, Any]]:
    """Return categories as options of the combobox, with their usual urgency as detail."""
    return [
        {"id": row.pk, "label": catalogue.full_label(row), "detail": row.get_urgency_display()}
        for row in categories
    ]


def _preview_context(preview: IntakePreview, text: str) -> dict[str, Any]:
    """Return the preview, and the danger that category, urgency and words point to."""
    return {
        "preview": preview,
        "danger": danger.find(preview.category, text, urgency=preview.urgency),
    }
