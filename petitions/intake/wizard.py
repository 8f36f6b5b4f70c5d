"""The pages on which a resident writes a report: place, category, text with photos, contact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib import clock, text_forms
from grids import place_search
from grids.models import Area
from petitions.intake import drafts, place_picker
from petitions.intake.drafts import Draft
from petitions.intake.residents_only import residents_only
from petitions.intake.wizard_forms import MAX_SINCE_LENGTH, ReportTextForm
from petitions.models import Category
from petitions.rules import (
    catalogue,
    category_matching,
    confidentiality,
    danger,
    photos,
    rate_limits,
    routing,
)
from petitions.rules.routing import ResponsibleChain, Route
from petitions.web import rate_limiting
from petitions.web.contact_form import ContactDetailsForm
from petitions.web.field_validation import MAX_TEXT_LENGTH
from petitions.web.photo_responses import photo_response
from petitions.web.typed_texts import keeps_typed

TEMPLATES = {
    "report_place": "petitions/intake/report_place.html",
    "report_what": "petitions/intake/report_category.html",
    "report_tell": "petitions/intake/report_text.html",
    "report_reach": "petitions/intake/report_contact.html",
    "report_check": "petitions/intake/report_check.html",
}
"""The steps of the wizard in order: URL name and template."""
STEPS = tuple(TEMPLATES)
STEPS_BEFORE_CONTACT = STEPS[:3]
PICTURE_COUNT = 8
MAX_SEARCH_LENGTH = 200
MAX_FILE_NAME_LENGTH = 40  # of the name shown when a photo is refused
ABOUT_LEVELS = (OrgLevel.GROUP, OrgLevel.BRANCH, OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT)


@dataclass(frozen=True, slots=True)
class WizardStep:
    """A step in the list above the page; `state` is done, current or todo."""

    label: str
    state: str


@dataclass(frozen=True, slots=True)
class DraftPhoto:
    """A photo of the draft, with its URL in this session."""

    token: str
    url: str


@dataclass(slots=True)
class UploadResult:
    """Result of an upload: why photos were refused; accepted photos are in the draft."""

    refusals: list[str] = field(default_factory=list)


def render_step(
    request: HttpRequest, step: str, context: dict[str, Any], status: int = HTTPStatus.OK
) -> HttpResponse:
    """Render a page of the wizard with the list of steps above it."""
    return render(request, TEMPLATES[step], {"steps": wizard_steps(step), **context}, status=status)


def wizard_steps(current: str) -> list[WizardStep]:
    """Return the five steps in order, as seen from `current`."""
    labels = (_("在哪里"), _("什么事"), _("说说看"), _("怎么联系"), _("核对"))
    position = STEPS.index(current)
    states = ["done"] * position + ["current"] + ["todo"] * (len(STEPS) - position - 1)
    return [WizardStep(label, state) for label, state in zip(labels, states, strict=True)]


def redirect_to_next_step(draft: Draft, after: str) -> HttpResponse:
    """Redirect to the next page; to the check page when the resident has been there before."""
    next_step = STEPS[STEPS.index(after) + 1]
    if draft.was_checked:
        next_step = draft.first_missing_page or "report_check"
    return redirect(f"petitions:{next_step}")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@residents_only
def choose_place(request: HttpRequest) -> HttpResponse:
    """Choose the place; text that was typed without choosing a suggestion is searched for."""
    today = timezone.localdate()
    draft = drafts.load(request.session)
    if request.method == "POST":
        area = place_picker.reportable_place(request.POST.get("place", ""), today)
        if area is None:
            query = request.POST.get("q", "")[: place_picker.MAX_QUERY_LENGTH]
            return redirect(f"{reverse('petitions:report_place')}?{urlencode({'q': query})}")
        draft.place_id, draft.about_id = area.pk, None
        rest = place_search.rest_of(area, request.POST.get("q", "")) or request.POST.get("rest", "")
        draft.place_detail = text_forms.clean_line(rest)[: place_picker.MAX_QUERY_LENGTH]
        drafts.save(request.session, draft)
        return redirect_to_next_step(draft, "report_place")
    picker = place_picker.load_picker(request.GET.get("q", ""), request.GET.get("in", ""), today)
    area = place_picker.reportable_place(draft.place_id, today)
    context = {
        "picker": picker,
        "area": area,
        "danger": danger.find(None, picker.query, *draft.all_words),
    }
    return render_step(request, "report_place", context)


@require_safe
def suggest_places(request: HttpRequest) -> JsonResponse:
    """Return suggestions of places for the combobox, as JSON."""
    query = request.GET.get("q", "")[: place_picker.MAX_QUERY_LENGTH]
    return JsonResponse(dict(place_search.public_suggest(query, timezone.localdate())))


def requires_place(
    view: Callable[[HttpRequest, Draft, Area], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Decorator: pass draft and place to the view; redirect to the first page without a place.

    Text that was posted after the session ended is saved to the new draft.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        draft = drafts.load(request.session)
        area = place_picker.reportable_place(draft.place_id, timezone.localdate())
        if area is not None:
            return view(request, draft, area)
        if request.method == "POST":
            text = text_forms.clean_text(request.POST.get("text", ""))
            since = text_forms.clean_line(request.POST.get("since", ""))
            draft.text = draft.text or text[:MAX_TEXT_LENGTH]
            draft.since = draft.since or since[:MAX_SINCE_LENGTH]
            drafts.save(request.session, draft)
            messages.info(request, _("页面放得太久了，您写的内容已保留，请先选一下地点。"))
        return redirect("petitions:report_place")

    return guarded


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@residents_only
@requires_place
def choose_category(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """Choose the category: from pictures of the first level, then its list; or by typing."""
    if request.method == "POST":
        return _save_category(request, draft)
    categories = catalogue.read()
    parent = catalogue.with_code(request.GET.get("kind", ""))
    query = draft.search_text if "typed" in request.GET else ""
    options: Sequence[Category] = category_matching.suggest(query)
    if parent is not None:
        options = [row for row in categories.leaves.get(parent.pk, (parent,)) if row.is_active]
    roots = [row for row in categories.roots if row.is_active]
    context = {
        "area": area,
        "query": query,
        "parent": parent,
        "options": options,
        "danger": danger.find(next(filter(danger.is_emergency, options), None), *draft.all_words),
        "pictures": roots[:PICTURE_COUNT],
        "more": roots[PICTURE_COUNT:],
        "draft": draft,
    }
    return render_step(request, "report_what", context)


def _save_category(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Save the chosen category; text typed instead is searched for and becomes the first text."""
    pk = request.POST.get("category", "")
    category = next((row for row in catalogue.reportable_categories() if str(row.pk) == pk), None)
    if category is None:
        draft.search_text = text_forms.clean_line(request.POST.get("typed", ""))[:MAX_SEARCH_LENGTH]
        drafts.save(request.session, draft)
        return redirect(reverse("petitions:report_what") + "?typed=1")
    draft.category_id = category.pk
    drafts.save(request.session, draft)
    return redirect_to_next_step(draft, "report_what")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_typed(ReportTextForm)
@residents_only
@requires_place
def write_report(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """Write the text, add photos, and say whether the report is about an organisation itself."""
    category = _category(draft)
    if category is None:
        return redirect("petitions:report_what")
    organisations = organisations_at(area)
    if request.method != "POST":
        initial = {
            "text": draft.text or draft.first_text,
            "since": draft.since,
            "about": str(draft.about_id or ""),
        }
        form = ReportTextForm(initial=initial, organisations=organisations)
        return _render_text_page(request, draft, area, category, form)
    form = ReportTextForm(request.POST, organisations=organisations)
    upload = _store_photos(request, draft)
    for token in request.POST.getlist("remove"):
        draft.remove_photo(token)
    is_valid = form.is_valid()
    if is_valid:
        draft.text, draft.since = form.cleaned_data["text"], form.cleaned_data["since"]
        draft.about_id = form.about_id
    drafts.save(request.session, draft)
    is_photo_change = "remove" in request.POST or "add" in request.POST
    if is_valid and not upload.refusals:
        if is_photo_change:
            return redirect(reverse("petitions:report_tell") + "#photos")
        return redirect_to_next_step(draft, "report_tell")
    if is_photo_change and not upload.refusals and not request.POST.get("text", "").strip():
        # Adding or removing a photo before writing the text is no error.
        form = ReportTextForm(initial=request.POST.dict(), organisations=organisations)
    return _render_text_page(request, draft, area, category, form, upload)


def _category(draft: Draft) -> Category | None:
    return catalogue.read().by_id.get(draft.category_id or 0)


def organisations_at(area: Area) -> list[Organisation]:
    """Return the organisations that a report from this place can be about, lowest level first."""
    chain = routing.load_place(area, timezone.localdate())
    rows = (chain.organisation_at(level) for level in ABOUT_LEVELS)
    return [row.organisation for row in rows if row is not None]


def _store_photos(request: HttpRequest, draft: Draft) -> UploadResult:
    """Clean and store the uploaded photos; a refused photo does not affect the others."""
    result = UploadResult()
    for file in cast("list[UploadedFile[bytes]]", request.FILES.getlist("photos")):
        if not draft.free_photos:
            reason = _("最多%(n)d张照片，多出的没有加上。") % {"n": photos.MAX_PHOTOS}
            result.refusals.append(reason)
            break
        try:
            rate_limiting.count_request(rate_limits.PHOTO, request, clock.now())
            draft.add_photo(photos.store(file))
        except rate_limits.RateLimited:
            result.refusals.append(_("照片传得太多了，请过一会儿再加；已加上的都在。"))
            break
        except photos.PhotoRefused as error:
            name = (file.name or "")[:MAX_FILE_NAME_LENGTH]
            result.refusals.append(_("%(name)s：%(why)s") % {"name": name, "why": error})
    return result


def _render_text_page(
    request: HttpRequest,
    draft: Draft,
    area: Area,
    category: Category,
    form: ReportTextForm,
    upload: UploadResult | None = None,
) -> HttpResponse:
    context = {
        "area": area,
        "category": category,
        "danger": danger.find(category, form["text"].value() or "", form["since"].value() or ""),
        "form": form,
        "draft": draft,
        "upload": upload or UploadResult(),
        "photos": draft_photos(draft),
    }
    return render_step(request, "report_tell", context)


def draft_photos(draft: Draft) -> list[DraftPhoto]:
    """Return the photos of the draft with their URLs in this session."""
    tokens = [drafts.photo_token(photo) for photo in draft.photos]
    return [DraftPhoto(token, reverse("petitions:report_photo", args=[token])) for token in tokens]


@require_safe
@residents_only
def show_draft_photo(request: HttpRequest, token: str) -> HttpResponse:
    """Send the thumbnail of a photo of this session's draft."""
    photo = drafts.load(request.session).photo(token)
    if photo is None:
        raise Http404
    return photo_response(photo.name, is_thumb=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@residents_only
@requires_place
def enter_contact(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """Enter contact details, or choose to give none."""
    if draft.first_missing_page in STEPS_BEFORE_CONTACT:
        return redirect(f"petitions:{draft.first_missing_page}")
    category = catalogue.read().by_id.get(draft.category_id or 0)
    if category is None:
        return redirect("petitions:report_what")
    about, route = route_of(draft, category, routing.load_place(area, timezone.localdate()))
    offer = confidentiality.offer(route.organisation, area, about)
    context: dict[str, Any] = {
        "area": area,
        "danger": danger.find(category, draft.text, draft.since),
    }
    if request.method != "POST":
        contact = draft.contact
        initial = {
            "phone": contact.phone,
            "name": contact.name,
            "is_confidential": contact.is_confidential,
        }
        form = ContactDetailsForm(initial=initial, offer=offer)
        return render_step(request, "report_reach", context | {"form": form})
    data = {} if "anonymous" in request.POST else request.POST
    form = ContactDetailsForm(data, offer=offer)
    if not form.is_valid():
        return render_step(request, "report_reach", context | {"form": form})
    draft.set_contact(form.contact_details())
    drafts.save(request.session, draft)
    return redirect_to_next_step(draft, "report_reach")


def route_of(
    draft: Draft, category: Category, chain: ResponsibleChain
) -> tuple[Organisation | None, Route]:
    """Return the organisation that the report is about, if it is about one, and the route."""
    organisations = {row.organisation_id: row.organisation for row in chain.answering}
    about = organisations.get(draft.about_id or 0)
    return about, routing.route(chain, channel=category.channel, about=about)
