"""The doors to the verbs of a case: one form, one call of the workflow, back to the case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect as to_page
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.lib import clock
from petitions import permissions, workflow
from petitions.casework import case_detail, timeline
from petitions.casework import case_page as cases
from petitions.casework.actions import url_of
from petitions.casework.forms import handling as forms
from petitions.casework.forms import routing
from petitions.casework.forms.base import VerbForm
from petitions.enums import Outcome
from petitions.models import Petition
from petitions.rules import catalogue
from petitions.web.access import StaffRequest, get_case, staff_only

WorkflowVerb = Callable[..., Any]
View = Callable[..., HttpResponseBase]
BAD = 400
CONFLICT = 409


def _verb_view(view: Callable[[StaffRequest, int], HttpResponse]) -> View:
    """Open a verb to people with a post: GET asks, only POST changes anything."""
    return require_http_methods(["GET", "HEAD", "POST"])(staff_only(view))


@_verb_view
def accept(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the case on."""
    return _button_action(request, pk, forms.AcceptForm, workflow.accept)


@_verb_view
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin the work."""
    return _button_action(request, pk, forms.StartForm, workflow.start)


@_verb_view
def decline(request: StaffRequest, pk: int) -> HttpResponse:
    """Do not take the case on."""
    return _form_action(request, pk, forms.DeclineForm, workflow.decline)


@_verb_view
def redirect(request: StaffRequest, pk: int) -> HttpResponse:
    """Point the resident to a statutory way."""
    return _form_action(request, pk, forms.RedirectForm, workflow.redirect)


@_verb_view
def dispatch(request: StaffRequest, pk: int) -> HttpResponse:
    """Hand the case to a group or to people."""
    return _form_action(request, pk, forms.DispatchForm, workflow.dispatch)


@_verb_view
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """Write a note."""
    return _form_action(request, pk, forms.NoteForm, workflow.note)


@_verb_view
def photo(request: StaffRequest, pk: int) -> HttpResponse:
    """Add photos."""
    return _form_action(request, pk, forms.PhotoForm, workflow.photo)


@_verb_view
def confirm(request: StaffRequest, pk: int) -> HttpResponse:
    """Record that the resident, called back, says it is solved."""
    return _form_action(request, pk, forms.ConfirmForm, workflow.confirm)


@_verb_view
def dispute(request: StaffRequest, pk: int) -> HttpResponse:
    """Record that the resident, called back, says it is not solved."""
    return _form_action(request, pk, forms.DisputeForm, workflow.dispute)


@_verb_view
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close after a follow-up."""
    return _form_action(request, pk, forms.CloseForm, workflow.close)


@_verb_view
def reopen(request: StaffRequest, pk: int) -> HttpResponse:
    """Handle the case once more."""
    return _form_action(request, pk, forms.ReopenForm, workflow.reopen)


@_verb_view
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the report back on the resident's word."""
    return _form_action(request, pk, forms.WithdrawForm, workflow.withdraw)


@_verb_view
def return_(request: StaffRequest, pk: int) -> HttpResponse:
    """Object to the routing."""
    return _form_action(request, pk, routing.ReturnForm, workflow.return_)


@_verb_view
def reassign(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the case to another organisation."""
    return _form_action(request, pk, routing.ReassignForm, workflow.reassign)


@_verb_view
def escalate(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the level above."""
    return _form_action(request, pk, routing.EscalateForm, workflow.escalate)


@_verb_view
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer an escalation."""
    return _form_action(request, pk, routing.AnswerForm, workflow.answer)


@_verb_view
def resolve(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer the resident, after a look at what the resident will read."""
    step = request.POST.get("step", "preview")
    if request.method != "POST" or step == "send":
        return _form_action(request, pk, forms.ResolveForm, workflow.resolve)
    petition = get_case(request, pk)
    _require(forms.ResolveForm, petition, request)
    form = forms.ResolveForm(request.POST, request.FILES, petition=petition, viewer=request.user)
    if not form.is_valid():
        return _form_page(request, petition, form, status=BAD)
    shown = _preview(form) if step == "preview" else None
    return _form_page(request, petition, form, preview=shown)


def _preview(form: forms.ResolveForm) -> dict[str, Any]:
    """Return what the answer's words do not hold: the outcome's name, and the photos to look at."""
    words = _("照片 %(number)d")
    pictures = [
        {"url": one.picture, "alt": words % {"number": number}}
        for number, one in enumerate(form.kept, start=1)
    ]
    return {"outcome": Outcome(form.cleaned_data["outcome"]).label, "photos": pictures}


@_verb_view
@never_cache
def reveal(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the contact once, on the answer to the POST that gave a reason, and nowhere else."""
    petition = get_case(request, pk)
    verdict = _require(forms.RevealForm, petition, request)
    posted = request.POST if request.method == "POST" else None
    form = forms.RevealForm(posted, petition=petition, viewer=request.user)
    if not form.is_bound:
        return _form_page(request, petition, form, refusal=verdict.reason)
    if not form.is_valid():
        return _form_page(request, petition, form, status=BAD)
    try:
        reach = workflow.reveal(
            petition=petition, by=request.user, now=clock.now(), **form.arguments()
        )
    except workflow.WorkflowError as refusal:
        return _refused(request, petition, form, refusal)
    data = _frame(petition) | {"reach": reach, "reason": form.cleaned_data["reason"]}
    return render(request, "petitions/verbs/revealed.html", data)


def _button_action(
    request: StaffRequest, pk: int, shape: type[VerbForm], act: WorkflowVerb
) -> HttpResponse:
    """Do a verb that needs no form; a look at its address leads to the case."""
    petition = case_detail.get_with_details(request.user, pk)
    if request.method != "POST":
        return to_page(petition)
    form = shape(request.POST, petition=petition, viewer=request.user)
    if not form.is_valid():
        words = str(form.errors["version"][0])
        return cases.page(request, petition, refusal=words, status=BAD)
    try:
        act(petition=petition, by=request.user, now=clock.now(), **form.arguments())
    except workflow.NotPermitted as refusal:
        raise PermissionDenied from refusal
    except workflow.WrongState as refusal:
        return cases.page(request, petition, refusal=refusal.message, status=CONFLICT)
    return _redirect(request, petition, form)


def _form_action(
    request: StaffRequest, pk: int, shape: type[VerbForm], act: WorkflowVerb
) -> HttpResponse:
    """Show a verb's form, or do the verb with what was filled in."""
    petition = get_case(request, pk)
    verdict = _require(shape, petition, request)
    if request.method != "POST":
        form = shape(petition=petition, viewer=request.user)
        return _form_page(request, petition, form, refusal=verdict.reason)
    form = shape(request.POST, request.FILES, petition=petition, viewer=request.user)
    if not form.is_valid():
        return _form_page(request, petition, form, status=BAD)
    try:
        act(petition=petition, by=request.user, now=clock.now(), **form.arguments())
    except workflow.WorkflowError as refusal:
        return _refused(request, petition, form, refusal)
    return _redirect(request, petition, form)


def _require(
    shape: type[VerbForm], petition: Petition, request: StaffRequest
) -> permissions.Decision:
    """Refuse the wrong person before anything is shown; the wrong moment is said on the page."""
    verdict = permissions.may(shape.verb, petition, request.user)
    if verdict.code == "wrong_actor":
        raise PermissionDenied
    return verdict


def _redirect(request: StaffRequest, petition: Petition, form: VerbForm) -> HttpResponse:
    """Return to the case and say what was done."""
    words = _("%(verb)s：已记录。") % {"verb": form.verb.label}
    messages.success(request, words)
    return to_page(f"{petition.get_absolute_url()}?done={form.verb}")


def _refused(
    request: StaffRequest, petition: Petition, form: VerbForm, refusal: workflow.WorkflowError
) -> HttpResponse:
    """Show the form again with everything typed; a stale one with what changed meanwhile."""
    if isinstance(refusal, workflow.NotPermitted):
        raise PermissionDenied from refusal
    changes: list[timeline.TimelineEntry] = []
    if isinstance(refusal, workflow.StaleVersion):
        story = timeline.load_history(petition, after=form.seen)
        changes = timeline.staff_timeline(story, clock.now())
        form.refresh(refusal.version)
    return _form_page(request, petition, form, refusal=refusal.message, changes=changes)


def _form_page(
    request: StaffRequest,
    petition: Petition,
    form: VerbForm,
    *,
    status: int = 200,
    refusal: str = "",
    **more: Any,
) -> HttpResponse:
    """Render the form as a page, or alone where the case page asked for it to be put in."""
    is_part = bool(request.headers.get("HX-Request")) and request.method == "GET"
    template = "petitions/verbs/_form.html" if is_part else "petitions/verbs/page.html"
    data = _frame(petition) | {
        "form": form,
        "action": url_of(petition, form.verb),
        "refusal": refusal,
        "changes": (),
        "preview": None,
        "is_part": is_part,
        "needs_files": form.is_multipart(),
    }
    response = render(request, template, data | more, status=CONFLICT if refusal else status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _frame(petition: Petition) -> dict[str, Any]:
    return {"case": petition, "category": catalogue.label(petition.category)}
