"""The pages on which a resident tracks a case: entering the code, and the case itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import clock
from config.lib.domain_errors import PageRefused
from petitions import involvement, permissions
from petitions.actors import Petitioner
from petitions.enums import CaseLevel, Outcome, PhotoKind, Status, Verb
from petitions.models import Feedback, Petition, Photo
from petitions.refusals import is_code_known
from petitions.rules import (
    answer_question,
    catalogue,
    confidentiality,
    contact_points,
    contact_retention,
    contacts,
    danger,
    promises,
    rate_limits,
    service_terms,
)
from petitions.rules.contacts import ContactDetails
from petitions.tracking import case_reference, timeline, tracking_lookup, unsent_words
from petitions.tracking.forms import (
    ContactCorrectionForm,
    ExplanationFeedbackForm,
    FeedbackForm,
    RatingForm,
    ResidentReopenForm,
    TrackForm,
)
from petitions.tracking.tracking_lookup import TrackedCase
from petitions.tracking.unsent_words import REASON_FIELDS
from petitions.verbs.table import VERB_SPECS
from petitions.web import rate_limiting
from petitions.web.photo_responses import photo_response
from petitions.web.rate_limiting import handle_rate_limited
from petitions.web.session_keys import RECEIPT, TRACKED, UNSENT
from petitions.workflow import contact

WORD_FORMS = ("feedback_form", "reopen_form")
TRACKED_FOR = dt.timedelta(minutes=30)
STAFF_SESSION = gettext_lazy(
    "您现在用工作账号登录。查询页只给居民本人用：请先退出，或请居民自己查。"
)

NOT_DONE = gettext_lazy("这一步没有办成。请看这件事现在的情况。")
STILL_HERE = gettext_lazy("时间久了，查询已经自动退出。您写的还留着，请再输一次查询码。")
STILL_HERE_JOINED = gettext_lazy(
    "现在打开的是您跟着看的那件事。您写的还留着，请输入您自己那件事的查询码。"
)


@dataclass(frozen=True, slots=True)
class TrackedSession:
    """The case that this browser tracks; see `TrackedCase`."""

    petition: Petition
    is_joined: bool
    has_given_phone: bool

    @property
    def by(self) -> Petitioner:
        """The resident as actor; a resident who only joined has no rights in the case."""
        if self.is_joined:
            return Petitioner(0)
        return Petitioner(self.petition.pk, has_given_phone=self.has_given_phone)

    @property
    def may_correct_contact(self) -> bool:
        """Tell whether the contact can be corrected: not by a code that staff could use too."""
        return not is_code_known(self.petition, self.by)

    @property
    def needs_phone(self) -> bool:
        """Tell whether the code would not be enough to act as the resident without the number."""
        without_phone = replace(self.by, has_given_phone=False)
        return self.by.has_given_phone and is_code_known(self.petition, without_phone)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@handle_rate_limited
def enter_code(request: HttpRequest) -> HttpResponse:
    """Ask for the tracking code; a wrong code and wrong digits get the same answer.

    Not in a browser in which staff are logged in: they would speak for the resident.
    """
    if request.user.is_authenticated:
        if request.method == "POST":
            raise PageRefused(str(STAFF_SESSION))
        return render(request, "petitions/tracking/staff_session.html", {"reason": STAFF_SESSION})
    form = TrackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        case = _find_case(request, form.cleaned_data["code"], form.cleaned_data["digits"])
        if case is not None:
            start_tracking(request, case)
            return redirect("petitions:track_case")
        form.add_error(None, _("没有找到。请核对查询码和电话后四位，没有留电话的后四位不用填。"))
    return render(request, "petitions/tracking/enter_code.html", {"form": form})


def _find_case(request: HttpRequest, code: str, digits: str) -> TrackedCase | None:
    """Look the code up; only failed attempts count against the rate limit of the address."""
    now = clock.now()
    case = tracking_lookup.find(code, digits, now)
    if case is None:
        rate_limiting.count_request(rate_limits.TRACK, request, now)
    return case


def start_tracking(request: HttpRequest, case: TrackedCase) -> None:
    """Open a case in this browser for 30 minutes."""
    unsent_words.keep_only(request.session, None if case.is_joined else case.petition_id)
    until = (clock.now() + TRACKED_FOR).isoformat()
    request.session[TRACKED] = [case.petition_id, case.is_joined, until, case.has_given_phone]


def requires_tracking(
    view: Callable[..., HttpResponse], *, allows_joined: bool = False
) -> Callable[..., HttpResponse]:
    """Decorator: pass the tracked case to the view; without one redirect to entering the code.

    A form of another case than the tracked one is refused (409). What was typed comes back when the
    code of its case has been entered again. Refuses a browser in which staff are logged in.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and request.session.get(TRACKED):
            raise PageRefused(str(STAFF_SESSION))
        session = tracked_session(request)
        named = case_reference.petition_id(request.POST)
        if session is None or (session.is_joined and not allows_joined):
            is_stored = unsent_words.store(request.session, named, request.POST)
            still_here = STILL_HERE_JOINED if session else STILL_HERE
            messages.info(request, str(still_here) if is_stored else _("请输入查询码，再继续。"))
            return redirect("petitions:track")
        if request.method == "POST" and named != session.petition.pk:
            is_stored = unsent_words.store(request.session, named, request.POST)
            return _render_other_case(request, is_stored=is_stored)
        return view(request, session, *args, **kwargs)

    return never_cache(guarded)


def _render_other_case(request: HttpRequest, *, is_stored: bool) -> HttpResponse:
    """Say that the form was of another case, on a page that shows neither case.

    Words whose case is not known (a page of an earlier release) are shown for copying.
    """
    texts = [request.POST[name] for name in REASON_FIELDS if request.POST.get(name, "").strip()]
    context = {"is_stored": is_stored, "texts": () if is_stored else texts}
    return render(
        request, "petitions/tracking/other_case.html", context, status=HTTPStatus.CONFLICT
    )


def tracked_session(request: HttpRequest) -> TrackedSession | None:
    """Return the case that this browser tracks, as it is now; None after 30 minutes."""
    stored = request.session.get(TRACKED)
    if not stored:
        return None
    petition_id, is_joined, until, *more = stored  # an earlier release stored three values
    if dt.datetime.fromisoformat(until) < clock.now():
        return None
    cases = Petition.objects.with_parts().select_related("contact", "category__parent")
    petition = cases.filter(pk=petition_id).first()
    if petition is None:
        return None
    has_given_phone = more == [True] and contact_points.has_phone(petition)  # not deleted since
    return TrackedSession(petition, is_joined, has_given_phone)


def _show_case(request: HttpRequest, session: TrackedSession) -> HttpResponse:
    return render_case(request, session)


show_case = require_safe(requires_tracking(_show_case, allows_joined=True))


def render_case(
    request: HttpRequest, session: TrackedSession, *, status: int = HTTPStatus.OK, **extra: Any
) -> HttpResponse:
    """Render the case page; `extra` replaces context: a form sent, or a `problem` on top.

    What was typed and not sent is in the form that was sent if the page has that form, else in the
    form that the page has instead, else as text above the case.
    """
    now, petition = clock.now(), session.petition
    typed = {} if session.is_joined else unsent_words.of_case(request.session, petition.pk)
    history = timeline.public_history(petition, now, is_joined=session.is_joined)
    context: dict[str, Any] = {
        "petition": petition,
        "is_joined": session.is_joined,
        "category": catalogue.full_label(petition.category),
        "status_label": Status(petition.status).label,
        "promise": promises.promise(
            petition, now, petition.deadlines.owed(), is_joined=session.is_joined
        ),
        "duty_telephone": contact_points.contact_point(
            petition.organisation, petition.path, timezone.localdate(now)
        ),
        "history": history,
        "danger": danger.of_case(petition, *history.follow_ups, is_for_neighbours=session.is_joined)
        or danger.find(None, *_typed_words(extra), *_unsent_words(typed)),
        "outcome": Outcome(petition.outcome).label if petition.outcome else "",
        "version": petition.version,
        "problem": "",
        "news": (),
        "unsent": _unsent_words(typed),
    }
    if not session.is_joined:
        context |= _petitioner_context(petition, session.by, now, typed)
        is_over = contact_retention.is_over(petition, now)
        context["may_correct_contact"] = session.may_correct_contact and not is_over
        context["contact_refusal"] = contact.RETENTION_OVER if is_over else ""
        context["needs_phone"] = session.needs_phone
        context["case_reference"] = case_reference.reference(petition.pk)
    context |= extra
    if not session.is_joined:
        _say_where_words_are(context, extra)
    return render(request, "petitions/tracking/case.html", context, status=status)


def _say_where_words_are(context: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Add to the context where the page has the form that comes back, and the words in it.

    A form for words holds all of them, so that they are not named apart from it. A page that has
    the form no more says that the step was not done.
    """
    shown = {
        "feedback_form": context["may_dispute"],
        "rating_form": context["may_rate"] and not context["may_dispute"],
        "reopen_form": context["may_reopen"],
        "contact_form": context["may_correct_contact"],
    }
    sent = {name for name, value in extra.items() if isinstance(value, Form) and value.is_bound}
    if any(shown.get(name) for name in WORD_FORMS if name in sent):
        context["are_words_in_sent_form"] = bool(context["unsent"])
        context["unsent"] = ()
    if not any(shown.get(name) for name in sent) and sent:
        context["problem"] = context["problem"] or NOT_DONE


def _typed_words(extra: Mapping[str, Any]) -> list[str]:
    """Return what the resident typed into a form that comes back with an error."""
    forms = [value for value in extra.values() if isinstance(value, Form)]
    fields = [form[name] for form in forms for name in REASON_FIELDS if name in form.fields]
    return [field.value() or "" for field in fields]


def _unsent_words(typed: Mapping[str, str]) -> list[str]:
    return [typed[name] for name in REASON_FIELDS if name in typed]


def _petitioner_context(
    petition: Petition, by: Petitioner, now: dt.datetime, typed: Mapping[str, str]
) -> dict[str, Any]:
    """Return what only the petitioner sees: forms of the allowed verbs, and the contact.

    `typed` is put back into the forms; words into the box that the page has now.
    """
    typed = {**typed, **dict.fromkeys(REASON_FIELDS, "".join(_unsent_words(typed)))}
    confirming = permissions.may(Verb.CONFIRM, petition, by)
    feedback = Feedback.objects.filter(petition=petition, round=petition.round).first()
    is_unrated = feedback is None or feedback.rating is None
    buttons = [
        (spec, permissions.may(spec.verb, petition, by))
        for spec in VERB_SPECS
        if spec.resident_button
    ]
    return {
        "may_confirm": bool(confirming),
        "may_dispute": bool(permissions.may(Verb.DISPUTE, petition, by)),
        "refusal_to_confirm": confirming.reason if confirming.code == "code_known" else "",
        "may_rate": bool(permissions.may(Verb.RATE, petition, by)) and is_unrated,
        "may_reopen": _may_reopen(petition, by, now),
        "button_specs": [spec for spec, decision in buttons if decision],
        "refused_buttons": [row for row in buttons if row[1].code == "code_known"],
        "question": answer_question.question(petition.outcome),
        "may_go_up": petition.level != CaseLevel.CITY,
        "feedback_form": feedback_form(petition, **typed),
        "rating_form": RatingForm(initial={**typed, "round": petition.round}),
        "reopen_form": ResidentReopenForm(initial={**typed, "version": petition.version}),
        "contact_form": _contact_form(petition),
        "confidentiality": confidentiality.sentence_of(petition),
        "reported_organisation": involvement.reported_organisation(petition),
        "contact": _masked_contact(petition),
    }


def feedback_form(petition: Petition, **typed: str | None) -> FeedbackForm:
    """Return the form of the present answer with what was typed or chosen before."""
    form_class = ExplanationFeedbackForm if petition.is_explained else FeedbackForm
    return form_class(initial={**typed, "version": petition.version})


def _may_reopen(petition: Petition, by: Petitioner, now: dt.datetime) -> bool:
    if not permissions.may(Verb.REOPEN, petition, by) or petition.resolved_at is None:
        return False
    return service_terms.for_petition(petition).may_reopen(petition.resolved_at, now)


def _contact_form(petition: Petition) -> ContactCorrectionForm:
    """Return the empty form; what was confidential stays so unless the box is unticked."""
    is_confidential = contact_points.is_confidential(petition)
    return ContactCorrectionForm(
        initial={"is_confidential": is_confidential}, offer=confidentiality.offer_of(petition)
    )


def _masked_contact(petition: Petition) -> dict[str, Any] | None:
    """Return the petitioner's own contact, masked so that it can be recognised but not learnt.

    Details that cannot be decrypted are shown as asterisks: the petitioner can still correct them.
    """
    row = getattr(petition, "contact", None)
    if row is None:
        return None
    try:
        details = contacts.decrypt(petition.uuid, bytes(row.cipher), row.key_id)
    except contacts.DecryptionFailed:
        details = ContactDetails(phone="****", name="*")
    return {
        "phone": f"***{details.last4}" if details.last4 else "",
        "name": f"{details.name[:1]}**" if details.name else "",
        "is_confidential": row.is_confidential,
    }


def steps_since(petition: Petition, version: int, now: dt.datetime) -> list[str]:
    """Return the public steps since the version that the resident saw, newest first."""
    steps = timeline.public_history(petition, now).steps
    return [f"{step.when} {step.label}" for step in steps if step.version > version]


@require_POST
def stop_tracking(request: HttpRequest) -> HttpResponse:
    """Close the case in this browser, for a phone or computer that others use too.

    The receipt is removed as well, because it shows the tracking code.
    """
    for key in (TRACKED, RECEIPT, UNSENT):
        request.session.pop(key, None)
    return redirect("petitions:track")


def _send_photo(request: HttpRequest, uuid: UUID, *, is_thumb: bool) -> HttpResponse:
    """Send a public photo of the tracked case; any other photo is answered 404."""
    session = None if request.user.is_authenticated else tracked_session(request)
    photos = Photo.objects.none()
    if session is not None:
        photos = Photo.objects.filter(petition=session.petition, is_public=True)
    if session is not None and session.is_joined:
        photos = photos.exclude(kind=PhotoKind.REPORT)
    return photo_response(get_object_or_404(photos, uuid=uuid).name, is_thumb=is_thumb)


@require_safe
def show_photo(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send a photo in full size."""
    return _send_photo(request, uuid, is_thumb=False)


@require_safe
def show_thumbnail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send the thumbnail of a photo."""
    return _send_photo(request, uuid, is_thumb=True)
