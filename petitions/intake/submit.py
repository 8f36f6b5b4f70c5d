"""The last pages of a report: check and send, join a matter instead ("me too"), the receipt."""

from __future__ import annotations

import datetime as dt
import io
import time
import uuid
from dataclasses import dataclass
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from branches.models import Organisation
from config.lib import clock, durations
from grids.models import Area
from petitions import workflow
from petitions.enums import HANDLER_DEADLINES, Channel
from petitions.intake import drafts, place_picker, public_pages, wizard
from petitions.intake.drafts import Draft
from petitions.models import Category, IdempotencyKey, Petition, PrivacyNotice
from petitions.permissions import Petitioner
from petitions.rules import (
    catalogue,
    category_matching,
    promises,
    rate_limits,
    routing,
    service_terms,
    tracking_codes,
)
from petitions.web import rate_limiting
from petitions.web.rate_limiting import rate_limited
from petitions.web.session_keys import RECEIPT
from petitions.workflow import Report, submission

CLIENT = "web"
BROWSER = "browser"
ANONYMOUS = Petitioner(0)
TWIN_WAITS, TWIN_WAIT = 10, 0.2  # tries, seconds


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the check page shows before sending."""

    area: Area
    category: Category
    about: Organisation | None
    route: routing.Route
    contact: durations.Moment
    resolution: durations.Moment
    notice: PrivacyNotice | None

    @property
    def notice_version(self) -> str:
        """The version of the privacy notice that is stored with the report."""
        return self.notice.version if self.notice else "-"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def check(request: HttpRequest) -> HttpResponse:
    """Check and send; a second press, a reload or a lost answer lead to the same receipt."""
    if request.method == "POST" and _is_sent(request):
        return redirect("petitions:receipt")
    now = clock.now()
    draft = drafts.load(request.session)
    missing = draft.missing
    sheet = None if missing else _sheet(draft, now)
    if sheet is None:
        return redirect(f"petitions:{missing or 'report_place'}")
    if request.method == "POST":
        return _send(request, draft, sheet, now)
    if not draft.was_checked:
        draft.was_checked = True
        drafts.save(request.session, draft)
    return _check_page(request, draft, sheet, now)


def _is_sent(request: HttpRequest) -> bool:
    kept = request.session.get(RECEIPT) or {}
    return bool(kept.get("key")) and kept["key"] == request.POST.get("key")


def _sheet(draft: Draft, now: dt.datetime) -> Summary | None:
    """Work out who gets the report and by when; None when place or category are no more."""
    today = timezone.localdate(now)
    area = place_picker.reportable(draft.place_id, today)
    category = catalogue.read().by_id.get(draft.category_id or 0)
    if area is None or category is None:
        return None
    place = routing.load_place(area, today)
    known = {row.organisation_id: row.organisation for row in place.answering}
    about = known.get(draft.about_id or 0)
    route = routing.route(place, channel=category.channel, about=about)
    terms = service_terms.for_place(area.path, category.urgency)
    contact, resolution = (
        terms.time_left(terms.plan(kind, start=now), now) for kind in HANDLER_DEADLINES
    )
    notices = PrivacyNotice.objects.filter(valid_from__lte=today).order_by("-valid_from", "-pk")
    return Summary(area, category, about, route, contact, resolution, notices.first())


def _check_page(
    request: HttpRequest,
    draft: Draft,
    sheet: Summary,
    now: dt.datetime,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    known = public_pages.being_handled(sheet.area, now).filter(category=sheet.category)
    context: dict[str, Any] = {
        "draft": draft,
        "sheet": sheet,
        "category": catalogue.full_label(sheet.category),
        "danger": sheet.category if category_matching.is_emergency(sheet.category) else None,
        "notice": public_pages.notice_text(sheet.notice),
        "matters": public_pages.matters(known[:3]),
        "thumbs": wizard.thumbs(draft),
        "reach": draft.reach,
        "problem": problem,
    }
    return wizard.page(request, "report_check", context, status)


def _send(request: HttpRequest, draft: Draft, sheet: Summary, now: dt.datetime) -> HttpResponse:
    """File the report once; refuse honestly what is not what the resident had before the eyes."""
    if request.POST.get("key") != draft.key or request.POST.get("seen") != draft.fingerprint:
        changed = _("内容刚刚改过，请再核对一遍，没问题就按“提交”。")
        return _check_page(request, draft, sheet, now, problem=changed, status=409)
    if request.POST.get("notice") != sheet.notice_version:
        changed = _("隐私告知刚刚更新，请看过以后再提交。")
        return _check_page(request, draft, sheet, now, problem=changed, status=409)
    if not _is_known(draft):
        rate_limiting.hit(rate_limits.SUBMIT, request, now)
    try:
        filed = _file(draft, sheet, now)
    except submission.KeyReused:
        return _sent_before(request, draft, sheet, now)
    except workflow.WorkflowError as refused:
        return _check_page(request, draft, sheet, now, problem=refused.message, status=409)
    return _give_receipt(request, filed.petition, key=draft.key)


def _file(draft: Draft, sheet: Summary, now: dt.datetime) -> submission.Submitted:
    """File under the draft's key; a second press waits a moment for the first to be done."""
    key = submission.IdempotencyRequest(CLIENT, draft.key, draft.fingerprint)
    for _i in range(TWIN_WAITS):
        try:
            return workflow.submit(report=_report(draft, sheet), by=ANONYMOUS, now=now, key=key)
        except submission.InProgress:
            time.sleep(TWIN_WAIT)
    return workflow.submit(report=_report(draft, sheet), by=ANONYMOUS, now=now, key=key)


def _is_known(draft: Draft) -> bool:
    return IdempotencyKey.objects.filter(client=CLIENT, key=draft.key).exists()


def _report(draft: Draft, sheet: Summary) -> Report:
    return Report(
        place=sheet.area,
        category=sheet.category,
        text=draft.text,
        since=draft.since,
        channel=Channel(draft.channel),
        notice_version=sheet.notice_version,
        reach=draft.reach,
        about=sheet.about,
        photos=draft.photos,
        language=translation.get_language() or "zh-hans",
    )


def _sent_before(
    request: HttpRequest, draft: Draft, sheet: Summary, now: dt.datetime
) -> HttpResponse:
    """The report was received before, with other words: show its receipt, keep the new words."""
    first = IdempotencyKey.objects.select_related("petition").get(client=CLIENT, key=draft.key)
    request.session[RECEIPT] = {"petition": first.petition_id, "key": draft.key}
    draft.key, reach = str(uuid.uuid4()), draft.reach
    draft.sealed = draft.key_id = ""
    kept = set(first.petition.photos.values_list("name", flat=True))
    draft.photos = [one for one in draft.photos if one.name not in kept]
    draft.keep_reach(reach)
    drafts.save(request.session, draft)
    problem = _(
        "这份诉求先前已经收到，回执在“我的回执”里。之后改动的内容没有发出；"
        "如果是另一件事，请核对后再按“提交”。"
    )
    return _check_page(request, draft, sheet, now, problem=problem, status=409)


def _give_receipt(
    request: HttpRequest, petition: Petition, *, key: str = "", is_joined: bool = False
) -> HttpResponse:
    """Remember in this browser what was filed or joined, and forget what was filled in."""
    drafts.discard(request.session)
    request.session[RECEIPT] = {"petition": petition.pk, "key": key, "is_joined": is_joined}
    return redirect("petitions:receipt")


@require_POST
@rate_limited
def me_too(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Join a matter at the building whose QR link was opened."""
    area, _is_ours = place_picker.by_qr(code, timezone.localdate())
    return _join(request, area, pk)


@require_POST
@rate_limited
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Join a matter instead of sending the report that was being written."""
    draft = drafts.load(request.session)
    return _join(request, place_picker.reportable(draft.place_id, timezone.localdate()), pk)


def _join(request: HttpRequest, area: Area | None, pk: int) -> HttpResponse:
    """Join one matter of this place, once per browser; any other case does not exist here."""
    now = clock.now()
    cases = Petition.objects.none() if area is None else public_pages.known_matters(area, now)
    petition = get_object_or_404(cases.filter(pk=pk))
    browser = request.session.setdefault(BROWSER, str(uuid.uuid4()))
    rate_limiting.hit(rate_limits.JOIN, request, now)
    try:
        workflow.me_too(petition=petition, key=_own_key(browser, petition), now=now)
    except workflow.WrongState as refused:
        return public_pages.refused(request, refused.message)
    return _give_receipt(request, petition, is_joined=True)


def _own_key(browser: str, petition: Petition) -> uuid.UUID:
    """Return this browser's key for one matter: the same at every press, and known to nobody."""
    return uuid.uuid5(uuid.UUID(browser), str(petition.uuid))


@never_cache
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """Show number and code to the browser that filed, and to no other."""
    kept = request.session.get(RECEIPT)
    cases = Petition.objects.with_parts().filter(pk=kept["petition"] if kept else 0)
    petition = cases.first()
    if petition is None or kept is None:
        return redirect("petitions:track")
    is_joined = bool(kept.get("is_joined"))
    own = _own_key(request.session[BROWSER], petition) if is_joined else petition.uuid
    code = tracking_codes.code_for(own)
    promise = promises.promise(petition, clock.now(), petition.deadlines.owed())
    context = {
        "petition": petition,
        "is_joined": is_joined,
        "code": tracking_codes.shown(code),
        "plain_code": code,
        "qr": _qr(request, code),
        "promise": promise,
        "due_in": promise.due.relative if promise.due else "",
        "category": catalogue.full_label(petition.category),
        "has_contact": _has_phone(petition),
    }
    return public_pages.show(request, "receipt", context)


def _has_phone(petition: Petition) -> bool:
    """Tell whether the tracking page will ask for the last four digits."""
    contact = getattr(petition, "contact", None)
    return contact is not None and contact.last4_hash != tracking_codes.last4_hash(
        petition.uuid, ""
    )


def _qr(request: HttpRequest, code: str) -> SafeString:
    """Draw the link to the tracking page; the code stands behind `#`, which no server ever gets."""
    link = f"{request.build_absolute_uri(reverse('petitions:track'))}#code={code}"
    out = io.BytesIO()
    segno.make(link, error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, svgclass=None
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - drawn here from letters and digits
