"""What a resident says about a case: solved or not, how satisfied, once more, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.lib import clock
from petitions import workflow
from petitions.rules.contacts import ContactDetails
from petitions.tracking import pages
from petitions.tracking.forms import (
    ContactCorrectionForm,
    FeedbackForm,
    RatingForm,
    ResidentDisputeForm,
    ResidentReopenForm,
    VersionedForm,
)
from petitions.tracking.pages import TrackedSession


def _door(
    name: str, form_class: Callable[..., Form]
) -> Callable[[Callable[[TrackedSession, dict[str, Any]], str]], Callable[..., HttpResponse]]:
    """Make a door of an act: check the form, act once, say what came of it, go back to the case.

    A refused act comes back as the same page with everything typed: 400 for a form with errors,
    409 when it is not the moment, with what has happened since the page was opened.
    """

    def make(act: Callable[[TrackedSession, dict[str, Any]], str]) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, following: TrackedSession) -> HttpResponse:
            form = form_class(request.POST)
            if not form.is_valid():
                return pages.show(request, following, status=400, **{name: form})
            try:
                messages.success(request, act(following, form.cleaned_data))
            except workflow.WrongState as refused:
                return _refused(request, following, form_class, name, refused)
            return redirect("petitions:track_case")

        return require_POST(pages.requires_tracking(view))

    return make


def _refused(
    request: HttpRequest,
    following: TrackedSession,
    form_class: Callable[..., Form],
    name: str,
    refused: workflow.WrongState,
) -> HttpResponse:
    """Show the case as it is now, the reason on top, and the form ready to be sent again."""
    petition, sent = following.petition, request.POST.copy()
    changed: dict[str, Any] = {"problem": refused.message}
    if isinstance(refused, workflow.StaleVersion):
        changed["news"] = pages.since(petition, int(str(sent["version"])), clock.now())
    if "version" in sent:
        sent["version"] = str(
            refused.version if isinstance(refused, workflow.StaleVersion) else petition.version
        )
    changed[name] = form_class(sent)
    return pages.show(request, following, status=409, **changed)


@_door("verdict_form", FeedbackForm)
def confirm(following: TrackedSession, given: dict[str, Any]) -> str:
    """It is solved: the case closes."""
    workflow.confirm(
        petition=following.petition,
        by=following.by,
        now=clock.now(),
        rating=given["rating"],
        expected_version=given["version"],
    )
    return _("谢谢您的确认，这件事结案了。")


@_door("verdict_form", ResidentDisputeForm)
def dispute(following: TrackedSession, given: dict[str, Any]) -> str:
    """It is not solved, or only partly: the case opens again by itself."""
    workflow.dispute(
        petition=following.petition,
        by=following.by,
        now=clock.now(),
        reason=given["reason"],
        is_partly=given["partly"],
        rating=given["rating"],
        expected_version=given["version"],
    )
    return _("知道了，这件事重新办理，时限见最上面一行。")


@_door("rating_form", RatingForm)
def rate(following: TrackedSession, given: dict[str, Any]) -> str:
    """Rate the answer, once per round."""
    workflow.rate(
        petition=following.petition,
        by=following.by,
        now=clock.now(),
        rating=given["rating"],
    )
    return _("谢谢您的评价。")


@_door("reopen_form", ResidentReopenForm)
def reopen(following: TrackedSession, given: dict[str, Any]) -> str:
    """Handle a closed case again, inside the window."""
    workflow.reopen(
        petition=following.petition,
        by=following.by,
        now=clock.now(),
        reason=given["reopen_reason"],
        expected_version=given["version"],
    )
    return _("知道了，这件事重新办理，时限见最上面一行。")


@_door("withdraw_form", VersionedForm)
def withdraw(following: TrackedSession, given: dict[str, Any]) -> str:
    """Take the report back."""
    workflow.withdraw(
        petition=following.petition,
        by=following.by,
        now=clock.now(),
        expected_version=given["version"],
    )
    return _("已按您的要求撤回。")


@require_POST
@pages.requires_tracking
def contact(request: HttpRequest, following: TrackedSession) -> HttpResponse:
    """Correct the contact, or delete it; both at once and for good (PIPL 46, 47)."""
    if "delete" in request.POST:
        form: ContactCorrectionForm | None = None
    else:
        form = ContactCorrectionForm(request.POST)
        if not form.is_valid():
            return pages.show(request, following, status=400, contact_form=form)
    reach = form.reach() if form else ContactDetails()
    workflow.correct_contact(petition=following.petition, reach=reach)
    done = (
        _("联系方式已更正。以后查询请用新号码的后四位。")
        if form
        else _("联系方式已删除。以后只凭查询码就能查询。")
    )
    messages.success(request, done)
    return redirect("petitions:track_case")
