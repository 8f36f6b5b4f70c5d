"""The resident's actions on a case: confirm, dispute, rate, reopen, withdraw, correct contact."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.lib import clock
from config.lib.web.page_address import takes_form_of
from petitions.rules import confidentiality
from petitions.rules.contacts import ContactDetails
from petitions.states import RULE_OF
from petitions.tracking import pages, unsent_words
from petitions.tracking.forms import (
    ContactCorrectionForm,
    ExplanationFeedbackForm,
    FeedbackForm,
    RatingForm,
    ResidentDisputeForm,
    ResidentReopenForm,
    VersionedForm,
)
from petitions.tracking.pages import TrackedSession
from petitions.verbs.spec import VerbSpec
from petitions.web.typed_texts import keeps_typed
from petitions.workflow import contact, resolution, transitions

Action = Callable[[TrackedSession, dict[str, Any]], str]


def _form_action(
    name: str, usual_form: type[Form], *, explained_form: type[Form] | None = None
) -> Callable[[Action], Callable[..., HttpResponseBase]]:
    """Decorator: make a POST view of an action that takes cleaned data and returns a message.

    `explained_form` is used where the answer explains why nothing is done.
    Success redirects to the case page with the message. Otherwise the page returns with everything
    typed, as context `name`: 400 for an invalid form, 409 when the status does not allow the
    action, with what happened since the page was opened. What was typed is stored until it is sent,
    because the page may not have that form any more. A browser in which staff are logged in is
    answered 403 with the words for copying.
    """

    def decorate(action: Action) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest, session: TrackedSession) -> HttpResponse:
            is_explained = session.petition.is_explained
            form_class = (explained_form if is_explained else None) or usual_form
            form = form_class(request.POST)
            if not form.is_valid():
                unsent_words.store(request.session, session.petition.pk, request.POST)
                return pages.render_case(
                    request, session, status=HTTPStatus.BAD_REQUEST, **{name: form}
                )
            try:
                messages.success(request, action(session, form.cleaned_data))
                unsent_words.drop(request.session, session.petition.pk)
            except transitions.WrongState as error:
                unsent_words.store(request.session, session.petition.pk, request.POST)
                now = pages.tracked_session(request) or session
                return _render_refused(request, now, form_class, name, error)
            return redirect("petitions:track_case")

        guarded = keeps_typed(usual_form)(pages.requires_tracking(view))
        return takes_form_of("petitions:track_case")(guarded)

    return decorate


def _render_refused(
    request: HttpRequest,
    session: TrackedSession,
    form_class: type[Form],
    name: str,
    error: transitions.WrongState,
) -> HttpResponse:
    """Render the case as it is now with the reason; the form can be submitted again."""
    petition, data = session.petition, request.POST.copy()
    extra: dict[str, Any] = {"problem": error.message}
    if isinstance(error, transitions.StaleVersion):
        extra["news"] = pages.steps_since(petition, int(str(data["version"])), clock.now())
    if "version" in data:
        data["version"] = str(petition.version)
    if form_class is RatingForm:
        data["round"] = str(petition.round)
    extra[name] = form_class(data)
    return pages.render_case(request, session, status=HTTPStatus.CONFLICT, **extra)


@_form_action("feedback_form", FeedbackForm, explained_form=ExplanationFeedbackForm)
def confirm(session: TrackedSession, data: dict[str, Any]) -> str:
    """Agree with the answer; the case is closed."""
    is_explained = session.petition.is_explained
    resolution.confirm(
        petition=session.petition,
        by=session.by,
        now=clock.now(),
        rating=data["rating"],
        expected_version=data["version"],
    )
    if is_explained:
        return _("谢谢，已记下您接受这个说明，这件事结案了。")
    return _("谢谢您的确认，这件事结案了。")


@_form_action("feedback_form", ResidentDisputeForm, explained_form=ExplanationFeedbackForm)
def dispute(session: TrackedSession, data: dict[str, Any]) -> str:
    """Disagree with the answer; the case is reopened."""
    petition = resolution.dispute(
        petition=session.petition,
        by=session.by,
        now=clock.now(),
        reason=data["reason"],
        is_partly=data["partly"],
        rating=data["rating"],
        expected_version=data["version"],
    )
    if petition.is_explained and petition.is_answer_owed:
        return _("知道了，已请上一级再看一遍，时限见最上面一行。")
    return _("知道了，这件事重新办理，时限见最上面一行。")


@_form_action("rating_form", RatingForm)
def rate(session: TrackedSession, data: dict[str, Any]) -> str:
    """Rate how the case was handled, once per round."""
    resolution.rate(
        petition=session.petition,
        by=session.by,
        now=clock.now(),
        rating=data["rating"],
        round_seen=data["round"] or 0,
    )
    return _("谢谢您的评价。")


@_form_action("reopen_form", ResidentReopenForm)
def reopen(session: TrackedSession, data: dict[str, Any]) -> str:
    """Reopen a closed case while that is still allowed."""
    resolution.reopen(
        petition=session.petition,
        by=session.by,
        now=clock.now(),
        reason=data["reopen_reason"],
        expected_version=data["version"],
    )
    return _("知道了，这件事重新办理，时限见最上面一行。")


def button_view(spec: VerbSpec) -> Callable[..., HttpResponseBase]:
    """Return the view of a verb that the resident performs by a button (`resident_button`)."""

    def perform(session: TrackedSession, data: dict[str, Any]) -> str:
        assert spec.function is not None
        assert spec.resident_button is not None
        is_checked = RULE_OF[spec.verb].checks_version
        arguments = {"expected_version": data["version"]} if is_checked else {}
        spec.function(petition=session.petition, by=session.by, now=clock.now(), **arguments)
        return str(spec.resident_button.message)

    return _form_action("button_form", VersionedForm)(perform)


@takes_form_of("petitions:track_case")
@pages.requires_tracking
def correct_contact(request: HttpRequest, session: TrackedSession) -> HttpResponse:
    """Correct the contact, or delete it; the old one is erased at once (PIPL articles 46, 47).

    Refused where the staff who logged the case could do it: they would replace the resident.
    """
    if not session.may_correct_contact:
        return pages.render_case(
            request, session, status=HTTPStatus.CONFLICT, problem=contact.CONTACT_BY_STAFF
        )
    if "delete" in request.POST:
        form: ContactCorrectionForm | None = None
    else:
        form = ContactCorrectionForm(request.POST, offer=confidentiality.offer_of(session.petition))
        if not form.is_valid():
            return pages.render_case(
                request, session, status=HTTPStatus.BAD_REQUEST, contact_form=form
            )
    details = form.contact_details() if form else ContactDetails()
    try:
        contact.correct_contact(
            petition=session.petition, by=session.by, now=clock.now(), contact=details
        )
    except transitions.WrongState as error:
        extra = {"contact_form": form} if form else {}
        return pages.render_case(
            request, session, status=HTTPStatus.CONFLICT, problem=error.message, **extra
        )
    message = (
        _("联系方式已更正。以后查询请用新号码的后四位。")
        if form
        else _("联系方式已删除。以后只凭查询码就能查询。")
    )
    messages.success(request, message)
    return redirect("petitions:track_case")
