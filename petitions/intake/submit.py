"""The last pages of a report: check and submit, join a nearby case instead, and the receipt."""

from __future__ import annotations

import datetime as dt
import io
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from branches.models import Organisation
from config.lib import clock
from config.lib.web import site_links
from config.lib.web.page_address import takes_form_of
from grids.models import Area
from petitions import involvement
from petitions.actors import Petitioner
from petitions.enums import HANDLER_DEADLINES, Channel
from petitions.intake import drafts, place_picker, public_pages, receipts, wizard
from petitions.intake.drafts import Draft
from petitions.intake.residents_only import refuse_staff, residents_only
from petitions.models import Category, IdempotencyKey, Petition, PrivacyNotice
from petitions.rules import (
    catalogue,
    confidentiality,
    contact_points,
    danger,
    duties,
    promises,
    rate_limits,
    routing,
    service_terms,
    tracking_codes,
)
from petitions.rules.contacts import ContactDetails
from petitions.rules.service_terms import DeadlinePlan, ServiceTerms
from petitions.web import rate_limiting
from petitions.web.rate_limiting import handle_rate_limited
from petitions.web.session_keys import RECEIPT, TRACKED, UNSENT
from petitions.workflow import idempotency, submission, transitions
from petitions.workflow.submission import Report

CLIENT = "web"  # of the idempotency keys of this page
BROWSER_KEY = "browser"  # session key of the browser's random id
ANONYMOUS = Petitioner(0)
RETRY_COUNT, RETRY_DELAY = 10, 0.2  # seconds between retries
MAX_NEARBY_CASES = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """What the check page shows about a report before it is submitted.

    `announcements` are the sentences about the deadlines, each with the time that is left.
    """

    area: Area
    category: Category
    about: Organisation | None
    route: routing.Route
    announcements: Sequence[tuple[str, str]]
    notice: PrivacyNotice | None

    @property
    def notice_version(self) -> str:
        """The version of the privacy notice that is stored with the report."""
        return self.notice.version if self.notice else "-"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@handle_rate_limited
def check_report(request: HttpRequest) -> HttpResponse:
    """Show the report for checking; POST submits it and redirects to the receipt.

    A second press, a reload or a lost answer leads to the same receipt. Staff who are logged in use
    the desk, so that the case says who filed it.
    """
    if request.method == "POST" and _is_last_submitted(request):
        return redirect("petitions:receipt")
    refuse_staff(request)
    now = clock.now()
    draft = drafts.load(request.session)
    missing_page = draft.first_missing_page
    summary = None if missing_page else _summarise(draft, now)
    if summary is None:
        return redirect(f"petitions:{missing_page or 'report_place'}")
    if request.method == "POST":
        return _submit(request, draft, summary, now)
    if not draft.was_checked:
        draft.was_checked = True
        drafts.save(request.session, draft)
    return _render_check_page(request, draft, summary, now)


def _is_last_submitted(request: HttpRequest) -> bool:
    receipt = request.session.get(RECEIPT) or {}
    return bool(receipt.get("key")) and receipt["key"] == request.POST.get("key")


def _summarise(draft: Draft, now: dt.datetime) -> Summary | None:
    """Return route, deadlines and notice; None when place or category are no longer valid."""
    today = timezone.localdate(now)
    area = place_picker.reportable_place(draft.place_id, today)
    category = catalogue.read().by_id.get(draft.category_id or 0)
    if area is None or category is None:
        return None
    about, route = wizard.route_of(draft, category, routing.load_place(area, today))
    terms = service_terms.for_place(area.path, category.urgency)
    announcements = [
        _announcement(terms.plan(kind, start=now), terms, route, draft.contact, now)
        for kind in HANDLER_DEADLINES
    ]
    notices = PrivacyNotice.objects.filter(valid_from__lte=today).order_by("-valid_from", "-pk")
    return Summary(area, category, about, route, announcements, notices.first())


def _announcement(
    plan: DeadlinePlan,
    terms: ServiceTerms,
    route: routing.Route,
    contact: ContactDetails,
    now: dt.datetime,
) -> tuple[str, str]:
    """Return who will do what by when, as the promise line will say it, and the time left."""
    due = terms.time_left(plan, now)
    can_be_called = bool(contact.phone) and not contact.is_confidential
    names = {"who": route.organisation.short_name, "due": due.absolute}
    left = duties.time_left(due, is_provisional=plan.is_provisional)
    return promises.announcement(plan.kind, can_be_called=can_be_called) % names, left


def _render_check_page(
    request: HttpRequest,
    draft: Draft,
    summary: Summary,
    now: dt.datetime,
    *,
    problem: str = "",
) -> HttpResponse:
    """Render the check page; with a `problem` to show above it the status is 409."""
    same_category = public_pages.open_cases_at(summary.area, now).filter(category=summary.category)
    context: dict[str, Any] = {
        "draft": draft,
        "summary": summary,
        "category": catalogue.full_label(summary.category),
        "danger": danger.find(summary.category, draft.text, draft.since),
        "notice": public_pages.notice_text(summary.notice),
        "nearby_cases": public_pages.nearby_cases(same_category[:MAX_NEARBY_CASES]),
        "photos": wizard.draft_photos(draft),
        "contact": draft.contact,
        "confidentiality": confidentiality.sentence(
            summary.route.organisation, summary.area, summary.about
        ),
        "problem": problem,
    }
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return wizard.render_step(request, "report_check", context, status)


def _submit(request: HttpRequest, draft: Draft, summary: Summary, now: dt.datetime) -> HttpResponse:
    """Submit the report once; refuse it when it is not what the resident saw on the page."""
    if request.POST.get("key") != draft.key or request.POST.get("seen") != draft.fingerprint:
        problem = _("内容刚刚改过，请再核对一遍，没问题就按“提交”。")
        return _render_check_page(request, draft, summary, now, problem=problem)
    if request.POST.get("notice") != summary.notice_version:
        problem = _("隐私告知刚刚更新，请看过以后再提交。")
        return _render_check_page(request, draft, summary, now, problem=problem)
    if not _is_key_used(draft):
        rate_limiting.count_request(rate_limits.SUBMIT, request, now)
    try:
        submitted = _submit_with_retries(draft, summary, now)
    except idempotency.KeyReused:
        return _render_earlier_submission(request, draft, summary, now)
    except transitions.WorkflowError as error:
        return _render_check_page(request, draft, summary, now, problem=error.message)
    return _redirect_to_receipt(request, submitted.petition, key=draft.key)


def _submit_with_retries(draft: Draft, summary: Summary, now: dt.datetime) -> submission.Submitted:
    """Submit under the draft's key; wait while another request is submitting the same draft."""
    key = idempotency.IdempotencyRequest(CLIENT, draft.key, draft.fingerprint)
    report = _report(draft, summary)
    for _attempt in range(RETRY_COUNT):
        try:
            return submission.submit(report=report, by=ANONYMOUS, now=now, key=key)
        except idempotency.InProgress:
            time.sleep(RETRY_DELAY)
    return submission.submit(report=report, by=ANONYMOUS, now=now, key=key)


def _is_key_used(draft: Draft) -> bool:
    return IdempotencyKey.objects.filter(client=CLIENT, key=draft.key).exists()


def _report(draft: Draft, summary: Summary) -> Report:
    return Report(
        place=summary.area,
        category=summary.category,
        text=draft.text,
        since=draft.since,
        channel=Channel(draft.channel),
        notice_version=summary.notice_version,
        contact=draft.contact,
        about=summary.about,
        photos=draft.photos,
        language=translation.get_language() or "zh-hans",
    )


def _render_earlier_submission(
    request: HttpRequest, draft: Draft, summary: Summary, now: dt.datetime
) -> HttpResponse:
    """The draft was submitted before and then changed: link its receipt, keep the changes.

    The changed draft gets a new key. Contact details are encrypted under the draft's key, so
    they are encrypted again; photos of the earlier case are removed from the draft.
    """
    earlier = IdempotencyKey.objects.select_related("petition").get(client=CLIENT, key=draft.key)
    receipts.store(request, earlier.petition_id, key=draft.key)
    contact = draft.contact
    draft.key = str(uuid.uuid4())
    draft.clear_encrypted_contact()
    submitted_photos = set(earlier.petition.photos.values_list("name", flat=True))
    draft.photos = [photo for photo in draft.photos if photo.name not in submitted_photos]
    draft.set_contact(contact)
    drafts.save(request.session, draft)
    problem = _(
        "这份诉求先前已经收到，回执在“我的回执”里。之后改动的内容没有发出；"
        "如果是另一件事，请核对后再按“提交”。"
    )
    return _render_check_page(request, draft, summary, now, problem=problem)


def _redirect_to_receipt(
    request: HttpRequest, petition: Petition, *, key: str = "", is_joined: bool = False
) -> HttpResponse:
    """Store what was submitted or joined in the session, and remove the draft."""
    drafts.discard(request.session)
    receipts.store(request, petition.pk, key=key, is_joined=is_joined)
    return redirect("petitions:receipt")


@takes_form_of("petitions:at_place", "code")
@residents_only
@handle_rate_limited
def join_from_qr_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Join a case ("me too") at the place of a QR code."""
    area, _is_issued = place_picker.place_of_qr(code, timezone.localdate())
    return _join(request, area, pk)


@takes_form_of("petitions:report_check")
@residents_only
@handle_rate_limited
def join_from_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Join a case ("me too") at the place of the draft, instead of submitting the draft."""
    draft = drafts.load(request.session)
    area = place_picker.reportable_place(draft.place_id, timezone.localdate())
    return _join(request, area, pk)


def _join(request: HttpRequest, area: Area | None, pk: int) -> HttpResponse:
    """Join a case shown at this place, once per browser; any other case is answered 404.

    Who reported the case gets its receipt or page instead: a receipt for joining would replace the
    only place that shows the code of the case.
    """
    now = clock.now()
    cases = Petition.objects.none() if area is None else public_pages.cases_shown_at(area, now)
    petition = get_object_or_404(cases.filter(pk=pk))
    if own_page := receipts.own_page(request, petition):
        messages.info(request, _("这是您自己反映的，不用再按“我家也是”。"))
        return redirect(own_page)
    browser = request.session.setdefault(BROWSER_KEY, str(uuid.uuid4()))
    rate_limiting.count_request(rate_limits.JOIN, request, now)
    try:
        submission.me_too(petition=petition, key=_joining_key(browser, petition), now=now)
    except transitions.WrongState as error:
        return public_pages.render_refusal(request, error.message)
    return _redirect_to_receipt(request, petition, is_joined=True)


def _joining_key(browser: str, petition: Petition) -> uuid.UUID:
    """Return the key of this browser for one case: stable, and secret like the browser's id."""
    return uuid.uuid5(uuid.UUID(browser), str(petition.uuid))


@never_cache
@require_safe
def show_receipt(request: HttpRequest) -> HttpResponse:
    """Show number and tracking code of what this browser submitted or joined, for 15 minutes."""
    receipt = request.session.get(RECEIPT)
    if receipt is None:
        return redirect("petitions:track")
    refuse_staff(request)
    seconds_left = receipts.seconds_left(receipt)
    petition = Petition.objects.with_parts().filter(pk=receipt["petition"]).first()
    if petition is None or seconds_left <= 0:
        messages.info(request, _("回执只显示 15 分钟，现在已经收起。请用查询码查看。"))
        return redirect("petitions:track")
    is_joined = bool(receipt.get("is_joined"))
    browser = request.session.get(BROWSER_KEY, "")
    code_uuid = _joining_key(browser, petition) if is_joined else petition.uuid
    code = tracking_codes.code_for(code_uuid)
    now = clock.now()
    earlier = receipts.earlier_cases(receipt)
    context = {
        "petition": petition,
        "is_joined": is_joined,
        "code": tracking_codes.shown(code),
        "plain_code": code,
        "qr": _draw_qr(code),
        "promise": promises.promise(petition, now, petition.deadlines.owed(), is_joined=is_joined),
        "duty_telephone": contact_points.contact_point(
            petition.organisation, petition.path, timezone.localdate(now)
        ),
        "danger": danger.of_case(petition, is_for_neighbours=is_joined),
        "category": catalogue.full_label(petition.category),
        "has_contact": contact_points.has_phone(petition),
        "seconds_left": min([seconds_left, *(seconds for _case, seconds in earlier)]),
        "earlier": [_earlier_code(case) for case, _seconds in earlier],
        "reported_organisation": None if is_joined else involvement.reported_organisation(petition),
    }
    return public_pages.render_public(request, "receipt", context)


def _earlier_code(petition: Petition) -> dict[str, str]:
    """Return what the receipt shows of an own case that was submitted before."""
    code = tracking_codes.code_for(petition.uuid)
    return {"number": petition.number, "code": tracking_codes.shown(code), "plain_code": code}


@require_POST
def clear_device(request: HttpRequest) -> HttpResponse:
    """Remove receipt, draft, tracked case and the browser's id, for the next person.

    Who is logged in stays logged in.
    """
    drafts.discard(request.session)
    for key in (RECEIPT, TRACKED, UNSENT, BROWSER_KEY):
        request.session.pop(key, None)
    messages.success(request, _("已清除。这台手机或电脑上看不到您反映的事了。"))
    return redirect("petitions:front")


def _draw_qr(code: str) -> SafeString:
    """Draw the link to the tracking page; the code is in the fragment, which is never sent."""
    link = f"{site_links.absolute(reverse('petitions:track'))}#code={code}"
    drawing = io.BytesIO()
    segno.make(link, error="m").save(
        drawing, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, svgclass=None
    )
    return SafeString(drawing.getvalue().decode())  # drawn from letters and digits only
