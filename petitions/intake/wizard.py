"""The pages on which a resident fills in a report: where, what, tell us, how to reach you."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib import clock
from grids import place_search
from grids.models import Area
from petitions.intake import drafts, place_picker
from petitions.intake.drafts import Draft
from petitions.intake.wizard_forms import ReachForm, ReportTextForm
from petitions.models import Category
from petitions.rules import catalogue, category_matching, photos, rate_limits, routing
from petitions.web import rate_limiting
from petitions.web.field_validation import MAX_TEXT_LENGTH, clean_text
from petitions.web.photo_responses import picture

TEMPLATES = {
    "report_place": "petitions/intake/report_place.html",
    "report_what": "petitions/intake/report_category.html",
    "report_tell": "petitions/intake/report_text.html",
    "report_reach": "petitions/intake/report_contact.html",
    "report_check": "petitions/intake/report_check.html",
}
"""The pages of the wizard in order: URL name and template."""
STEPS = tuple(TEMPLATES)
FIRST_PICTURES = 8
ABOUT_LEVELS = (OrgLevel.GROUP, OrgLevel.BRANCH, OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT)
fill_in = cache_control(private=True, no_cache=True)  # "back" still shows what was typed


@dataclass(frozen=True, slots=True)
class WizardStep:
    """One page of the way through the report: its name, and whether it lies behind or ahead."""

    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Thumb:
    """A photo already added to the report."""

    token: str
    url: str


@dataclass(slots=True)
class UploadResult:
    """What became of the photos just sent: the kept ones are in the draft already."""

    refused: list[str] = field(default_factory=list)
    kept: int = 0


def page(
    request: HttpRequest, step: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render one page of the report with the stations above it."""
    return render(
        request, TEMPLATES[step], {"stations": wizard_steps(step), **context}, status=status
    )


def wizard_steps(here: str) -> list[WizardStep]:
    """Return the five pages in order, seen from `here`."""
    labels = (_("在哪里"), _("什么事"), _("说说看"), _("怎么联系"), _("核对"))
    at = STEPS.index(here)
    states = ["done"] * at + ["current"] + ["todo"] * (len(STEPS) - at - 1)
    return [WizardStep(label, state) for label, state in zip(labels, states, strict=True)]


def next_step(draft: Draft, after: str) -> HttpResponse:
    """Go to the next page; back to the check page when that was reached before."""
    following = STEPS[STEPS.index(after) + 1]
    if draft.was_checked:
        following = draft.missing or "report_check"
    return redirect(f"petitions:{following}")


@fill_in
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Where: by typing, or from the subdistrict down; a place typed but not chosen is looked up."""
    today = timezone.localdate()
    draft = drafts.load(request.session)
    if request.method == "POST":
        chosen = place_picker.reportable(request.POST.get("place", ""), today)
        if chosen is None:
            typed = urlencode({"q": request.POST.get("q", "")[:60]})
            return redirect(f"{reverse('petitions:report_place')}?{typed}")
        draft.place_id, draft.about_id = chosen.pk, None
        drafts.save(request.session, draft)
        return next_step(draft, "report_place")
    finder = place_picker.find(request.GET.get("q", ""), request.GET.get("in", ""), today)
    chosen = place_picker.reportable(draft.place_id, today)
    return page(request, "report_place", {"finder": finder, "chosen": chosen, "draft": draft})


@require_safe
def public_suggest(request: HttpRequest) -> JsonResponse:
    """Suggest places while a resident types."""
    found = place_search.public_suggest(request.GET.get("q", "")[:60], timezone.localdate())
    return JsonResponse(dict(found))


def needs_place(
    view: Callable[[HttpRequest, Draft, Area], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let a page open once the place is known; text sent after the session ended is kept."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        draft = drafts.load(request.session)
        area = place_picker.reportable(draft.place_id, timezone.localdate())
        if area is not None:
            return view(request, draft, area)
        if request.method == "POST":
            draft.text = draft.text or clean_text(request.POST.get("text", ""))[:MAX_TEXT_LENGTH]
            draft.since = draft.since or clean_text(request.POST.get("since", ""))[:60]
            drafts.save(request.session, draft)
            messages.info(request, _("页面放得太久了，您写的内容已保留，请先选一下地点。"))
        return redirect("petitions:report_place")

    return guarded


@fill_in
@require_http_methods(["GET", "HEAD", "POST"])
@needs_place
def what(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """What: eight pictures with words and the rest behind them, then the finer list; or typing."""
    if request.method == "POST":
        return _choose_category(request, draft)
    book = catalogue.read()
    parent = book.by_code.get(request.GET.get("kind", ""))
    typed = draft.typed if "typed" in request.GET else ""
    offered: Sequence[Category] = category_matching.suggest(typed)
    if parent is not None:
        offered = [row for row in book.leaves.get(parent.pk, (parent,)) if row.is_active]
    roots = [row for row in book.roots if row.is_active]
    context = {
        "area": area,
        "typed": typed,
        "parent": parent,
        "offered": offered,
        "danger": next((row for row in offered if category_matching.is_emergency(row)), None),
        "pictures": roots[:FIRST_PICTURES],
        "more": roots[FIRST_PICTURES:],
        "draft": draft,
    }
    return page(request, "report_what", context)


def _choose_category(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep the matter chosen; words typed instead are looked up, and serve as a first text."""
    sent = request.POST.get("category", "")
    chosen = next((row for row in catalogue.reportable_categories() if str(row.pk) == sent), None)
    if chosen is None:
        draft.typed = clean_text(request.POST.get("typed", ""))[:200]
        drafts.save(request.session, draft)
        return redirect(reverse("petitions:report_what") + "?typed=1")
    draft.category_id = chosen.pk
    drafts.save(request.session, draft)
    return next_step(draft, "report_what")


@fill_in
@require_http_methods(["GET", "HEAD", "POST"])
@needs_place
def tell(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """Tell us: text, since when, photos, and whether it is about the organisation itself."""
    category = catalogue.read().by_id.get(draft.category_id or 0)
    if category is None:
        return redirect("petitions:report_what")
    organisations = about_choices(area)
    if request.method != "POST":
        given = {
            "text": draft.text or draft.typed,
            "since": draft.since,
            "about": str(draft.about_id or ""),
        }
        form = ReportTextForm(initial=given, organisations=organisations)
        return _tell_page(request, draft, area, category, form)
    form = ReportTextForm(request.POST, organisations=organisations)
    taken = _take_photos(request, draft)
    for token in request.POST.getlist("remove"):
        draft.drop_photo(token)
    is_good = form.is_valid()
    if is_good:
        draft.text, draft.since = form.cleaned_data["text"], form.cleaned_data["since"]
        draft.about_id = form.about_id
    drafts.save(request.session, draft)
    stays = "remove" in request.POST or "add" in request.POST
    if is_good and not taken.refused and not stays:
        return next_step(draft, "report_tell")
    if is_good and not taken.refused:
        return redirect(reverse("petitions:report_tell") + "#photos")
    if stays and not taken.refused and not request.POST.get("text", "").strip():
        form = ReportTextForm(initial=request.POST.dict(), organisations=organisations)
    return _tell_page(request, draft, area, category, form, taken)


def about_choices(area: Area) -> list[Organisation]:
    """Return the organisations a resident of this place may be reporting about, smallest first."""
    found = routing.load_place(area, timezone.localdate())
    rows = (found.organisation_at(level) for level in ABOUT_LEVELS)
    return [row.organisation for row in rows if row is not None]


def _take_photos(request: HttpRequest, draft: Draft) -> UploadResult:
    """Clean and keep the photos sent; each one refused says why, the others are kept."""
    taken = UploadResult()
    for sent in cast("list[UploadedFile[bytes]]", request.FILES.getlist("photos")):
        if not draft.free_photos:
            taken.refused.append(_("最多%(n)d张照片，多出的没有加上。") % {"n": photos.MAX_PHOTOS})
            break
        try:
            rate_limiting.hit(rate_limits.PHOTO, request, clock.now())
            draft.add_photo(photos.store(sent))
            taken.kept += 1
        except rate_limits.RateLimited:
            taken.refused.append(_("照片传得太多了，请过一会儿再加；已加上的都在。"))
            break
        except photos.PhotoRefused as refused:
            taken.refused.append(
                _("%(name)s：%(why)s") % {"name": (sent.name or "")[:40], "why": refused}
            )
    return taken


def _tell_page(
    request: HttpRequest,
    draft: Draft,
    area: Area,
    category: Category,
    form: ReportTextForm,
    taken: UploadResult | None = None,
) -> HttpResponse:
    context = {
        "area": area,
        "category": category,
        "danger": category if category_matching.is_emergency(category) else None,
        "form": form,
        "draft": draft,
        "taken": taken or UploadResult(),
        "thumbs": thumbs(draft),
    }
    return page(request, "report_tell", context)


def thumbs(draft: Draft) -> list[Thumb]:
    """Return the photos of the draft with their addresses in this session."""
    tokens = [drafts.token_of(one) for one in draft.photos]
    return [Thumb(token, reverse("petitions:report_photo", args=[token])) for token in tokens]


@require_safe
def photo(request: HttpRequest, token: str) -> HttpResponse:
    """Show a photo of the report being written, in the browser that is writing it."""
    found = drafts.load(request.session).photo(token)
    if found is None:
        raise Http404
    return picture(found.name, is_thumb=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs_place
def reach(request: HttpRequest, draft: Draft, area: Area) -> HttpResponse:
    """How to reach you: a telephone number, or nothing, and what that means."""
    if draft.missing in STEPS[:3]:
        return redirect(f"petitions:{draft.missing}")
    if request.method != "POST":
        kept = draft.reach
        given = {"phone": kept.phone, "name": kept.name, "is_confidential": kept.is_confidential}
        return page(request, "report_reach", {"form": ReachForm(initial=given), "area": area})
    form = ReachForm({} if "anonymous" in request.POST else request.POST)
    if not form.is_valid():
        return page(request, "report_reach", {"form": form, "area": area})
    draft.keep_reach(form.reach())
    drafts.save(request.session, draft)
    return next_step(draft, "report_reach")
