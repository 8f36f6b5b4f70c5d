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
from petitions import casefile, catalogue, permissions, timeline, workflow
from petitions.enums import Outcome
from petitions.forms import steering
from petitions.forms import verbs as forms
from petitions.forms.verb import VerbForm
from petitions.models import Petition
from petitions.views import case as cases
from petitions.views.acts import url_of
from petitions.views.guards import StaffRequest, find, staff_only

Act = Callable[..., Any]
Door = Callable[..., HttpResponseBase]
BAD = 400
CONFLICT = 409


def _door(view: Callable[[StaffRequest, int], HttpResponse]) -> Door:
    """Open a verb to people with a post: GET asks, only POST changes anything."""
    return require_http_methods(["GET", "HEAD", "POST"])(staff_only(view))


@_door
def accept(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the case on."""
    return _at_once(request, pk, forms.Accept, workflow.accept)


@_door
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin the work."""
    return _at_once(request, pk, forms.Start, workflow.start)


@_door
def decline(request: StaffRequest, pk: int) -> HttpResponse:
    """Do not take the case on."""
    return _ask(request, pk, forms.Decline, workflow.decline)


@_door
def redirect(request: StaffRequest, pk: int) -> HttpResponse:
    """Point the resident to a statutory way."""
    return _ask(request, pk, forms.Redirect, workflow.redirect)


@_door
def dispatch(request: StaffRequest, pk: int) -> HttpResponse:
    """Hand the case to a group or to people."""
    return _ask(request, pk, forms.Dispatch, workflow.dispatch)


@_door
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """Write a note."""
    return _ask(request, pk, forms.WriteNote, workflow.note)


@_door
def photo(request: StaffRequest, pk: int) -> HttpResponse:
    """Add photos."""
    return _ask(request, pk, forms.AddPhoto, workflow.photo)


@_door
def confirm(request: StaffRequest, pk: int) -> HttpResponse:
    """Record that the resident, called back, says it is solved."""
    return _ask(request, pk, forms.Confirm, workflow.confirm)


@_door
def dispute(request: StaffRequest, pk: int) -> HttpResponse:
    """Record that the resident, called back, says it is not solved."""
    return _ask(request, pk, forms.Dispute, workflow.dispute)


@_door
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close after a follow-up."""
    return _ask(request, pk, forms.Close, workflow.close)


@_door
def reopen(request: StaffRequest, pk: int) -> HttpResponse:
    """Handle the case once more."""
    return _ask(request, pk, forms.Reopen, workflow.reopen)


@_door
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the report back on the resident's word."""
    return _ask(request, pk, forms.Withdraw, workflow.withdraw)


@_door
def return_(request: StaffRequest, pk: int) -> HttpResponse:
    """Object to the routing."""
    return _ask(request, pk, steering.Return, workflow.return_)


@_door
def reassign(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the case to another organisation."""
    return _ask(request, pk, steering.Reassign, workflow.reassign)


@_door
def escalate(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the level above."""
    return _ask(request, pk, steering.Escalate, workflow.escalate)


@_door
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer an escalation."""
    return _ask(request, pk, steering.Answer, workflow.answer)


@_door
def resolve(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer the resident, after a look at what the resident will read."""
    step = request.POST.get("step", "preview")
    if request.method != "POST" or step == "send":
        return _ask(request, pk, forms.Resolve, workflow.resolve)
    petition = find(request, pk)
    _require(forms.Resolve, petition, request)
    form = forms.Resolve(request.POST, request.FILES, petition=petition, viewer=request.user)
    if not form.is_valid():
        return _form_page(request, petition, form, status=BAD)
    shown = _as_read(form) if step == "preview" else None
    return _form_page(request, petition, form, preview=shown)


def _as_read(form: forms.Resolve) -> dict[str, Any]:
    """Return what the answer's words do not hold: the outcome's name, and the photos to look at."""
    words = _("照片 %(number)d")
    pictures = [
        {"url": one.picture, "alt": words % {"number": number}}
        for number, one in enumerate(form.kept, start=1)
    ]
    return {"outcome": Outcome(form.cleaned_data["outcome"]).label, "photos": pictures}


@_door
@never_cache
def reveal(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the contact once, on the answer to the POST that gave a reason, and nowhere else."""
    petition = find(request, pk)
    verdict = _require(forms.Reveal, petition, request)
    posted = request.POST if request.method == "POST" else None
    form = forms.Reveal(posted, petition=petition, viewer=request.user)
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


def _at_once(request: StaffRequest, pk: int, shape: type[VerbForm], act: Act) -> HttpResponse:
    """Do a verb that needs no form; a look at its address leads to the case."""
    petition = casefile.find(request.user, pk)
    if request.method != "POST":
        return to_page(petition)
    form = shape(request.POST, petition=petition, viewer=request.user)
    if not form.is_valid():
        words = str(form.errors["version"][0])
        return cases.page(request, petition, refusal=words, status=BAD)
    try:
        act(petition=petition, by=request.user, now=clock.now(), **form.arguments())
    except workflow.NotYours as refusal:
        raise PermissionDenied from refusal
    except workflow.NotNow as refusal:
        return cases.page(request, petition, refusal=refusal.reason, status=CONFLICT)
    return _back(request, petition, form)


def _ask(request: StaffRequest, pk: int, shape: type[VerbForm], act: Act) -> HttpResponse:
    """Show a verb's form, or do the verb with what was filled in."""
    petition = find(request, pk)
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
    return _back(request, petition, form)


def _require(
    shape: type[VerbForm], petition: Petition, request: StaffRequest
) -> permissions.Verdict:
    """Refuse the wrong person before anything is shown; the wrong moment is said on the page."""
    verdict = permissions.may(shape.verb, petition, request.user)
    if verdict.code == "wrong_actor":
        raise PermissionDenied
    return verdict


def _back(request: StaffRequest, petition: Petition, form: VerbForm) -> HttpResponse:
    """Return to the case and say what was done."""
    words = _("%(verb)s：已记录。") % {"verb": form.verb.label}
    messages.success(request, words)
    return to_page(f"{petition.get_absolute_url()}?done={form.verb}")


def _refused(
    request: StaffRequest, petition: Petition, form: VerbForm, refusal: workflow.WorkflowError
) -> HttpResponse:
    """Show the form again with everything typed; a stale one with what changed meanwhile."""
    if isinstance(refusal, workflow.NotYours):
        raise PermissionDenied from refusal
    changes: list[timeline.Entry] = []
    if isinstance(refusal, workflow.Stale):
        story = timeline.story(petition, after=form.seen)
        changes = timeline.staff_timeline(story, clock.now())
        form.refresh(refusal.version)
    return _form_page(request, petition, form, refusal=refusal.reason, changes=changes)


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
