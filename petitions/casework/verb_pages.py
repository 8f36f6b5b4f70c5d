"""Pages of the verbs: `verb_view` makes the view of one row of the verb table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib import clock
from config.lib.domain_errors import PageRefused
from petitions import permissions
from petitions.casework import case_page, timeline
from petitions.casework.actions import url_of
from petitions.enums import Verb
from petitions.models import Petition
from petitions.refusals import Decision
from petitions.rules import catalogue
from petitions.verbs.forms.base import VerbForm
from petitions.verbs.spec import PageKind, VerbSpec
from petitions.web.access import StaffRequest, get_case, staff_only
from petitions.web.photo_fields import PhotoFormMixin
from petitions.web.typed_texts import keeps_typed
from petitions.workflow import escalation, transitions
from petitions.workflow.idempotency import (
    IdempotencyRequest,
    KeyReused,
    keyed_hash,
    perform_once,
)

View = Callable[..., HttpResponseBase]
OnValid = Callable[[StaffRequest, VerbSpec, VerbForm], HttpResponse]
PRESELECTED = ("task",)
"""Fields that a link to the form can fill in."""
BAD_REQUEST = 400
CONFLICT = 409


def verb_view(spec: VerbSpec, on_valid: OnValid | None = None) -> View:
    """Return the view of a verb: GET shows the form, POST performs the verb; staff only.

    `on_valid` answers a POST with a valid form; left out, the verb is performed and the case shown.
    A POST that is refused for this person is answered with what was typed.
    """
    respond = on_valid or perform_and_redirect

    @require_http_methods(["GET", "HEAD", "POST"])
    @keeps_typed(spec.form)
    @staff_only
    def view(request: StaffRequest, pk: int) -> HttpResponse:
        if spec.page == PageKind.BUTTON:
            return _button_response(request, pk, spec, respond)
        return _form_response(request, pk, spec, respond)

    return view


def _button_response(
    request: StaffRequest, pk: int, spec: VerbSpec, respond: OnValid
) -> HttpResponse:
    """Perform a verb without a form. GET redirects to the case; a refusal shows the case page."""
    petition = get_case(request.user, pk)
    if request.method != "POST":
        return redirect(petition)
    form = _form(request, petition, spec)
    if not form.is_valid():
        message = str(next(iter(form.errors.values()))[0])
        return case_page.show(request, pk, refusal=message, status=BAD_REQUEST)
    try:
        return respond(request, spec, form)
    except transitions.NotPermitted as refusal:
        raise PageRefused(refusal.message) from refusal
    except transitions.WrongState as refusal:
        return case_page.show(request, pk, refusal=refusal.message, status=CONFLICT)


def _form_response(
    request: StaffRequest, pk: int, spec: VerbSpec, respond: OnValid
) -> HttpResponse:
    """Show the form of a verb, or answer the data sent; a refusal shows the form again."""
    names = Petition.objects.with_parts() if request.method != "POST" else None
    petition = get_case(request.user, pk, names)
    decision = may_or_deny(request, spec.verb, petition)
    form = _form(request, petition, spec)
    if not form.is_bound:
        return form_page(request, spec, form, refusal=decision.reason)
    if not form.is_valid():
        return form_page(request, spec, form, status=BAD_REQUEST)
    try:
        return respond(request, spec, form)
    except transitions.WorkflowError as refusal:
        return _refused(request, spec, form, refusal)


def may_or_deny(request: StaffRequest, verb: Verb, petition: Petition) -> Decision:
    """Return whether the user may perform the verb now; 403 if it is another's."""
    decision = permissions.may(verb, petition, request.user)
    if decision:
        decision = escalation.may(verb, petition, request.user)
    try:
        transitions.refuse_wrong_actor(verb, petition, decision)
    except transitions.NotPermitted as refusal:
        raise PageRefused(refusal.message) from refusal
    return decision


def _form(request: StaffRequest, petition: Petition, spec: VerbSpec) -> VerbForm:
    """Return the form of the verb, with the data of a POST."""
    about: dict[str, Any] = {"verb": spec.verb, "petition": petition, "viewer": request.user}
    if request.method == "POST":
        return spec.form(request.POST, request.FILES, **about)
    chosen = {name: request.GET[name] for name in PRESELECTED if name in request.GET}
    return spec.form(**about, initial=chosen)


def perform(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> Any:
    """Call the workflow function with a valid form and return its result."""
    assert spec.function is not None
    arguments = form.arguments()
    return spec.function(petition=form.petition, by=request.user, now=clock.now(), **arguments)


def perform_form_once(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> None:
    """Perform the verb, unless this form was performed before; the result is not stored.

    A form without an idempotency key is performed each time. Raises `KeyReused` if the form was
    changed after it had been performed, `InProgress` while another request performs it.
    """
    key = form.idempotency_key
    if key is None:
        perform(request, spec, form)
        return

    def perform_now() -> tuple[int, str]:
        perform(request, spec, form)
        return form.petition.pk, "null"

    content = json.dumps([request.get_full_path(), form.content()], sort_keys=True)
    client = f"form:{request.user.pk}"
    key_request = IdempotencyRequest(client, str(key), keyed_hash(content))
    perform_once(key_request, perform_now, now=clock.now())


def prepare_resubmission(form: VerbForm, refusal: transitions.WorkflowError) -> str:
    """Return the sentence to show above the refused form, which keeps everything typed.

    A form that was changed after it had been performed gets a new key, without the photos that the
    case already has: the next submit performs the verb again.
    """
    if not isinstance(refusal, KeyReused):
        return refusal.message
    form.renew_key()
    if isinstance(form, PhotoFormMixin):
        form.drop_photos(set(form.petition.photos.values_list("name", flat=True)))
    return _("这张表刚才已经提交过，现在内容有改动。确实要再记一次，请核对后再按一次按钮。")


def perform_and_redirect(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> HttpResponse:
    """Perform the verb and redirect to the case; `done` lets the browser delete the draft."""
    message = spec.words(form.petition).message  # before the verb changes the case
    perform_form_once(request, spec, form)
    messages.success(request, message)
    return redirect(f"{form.petition.get_absolute_url()}?done={spec.verb}")


def _refused(
    request: StaffRequest, spec: VerbSpec, form: VerbForm, refusal: transitions.WorkflowError
) -> HttpResponse:
    """Show the form again with everything typed; after a stale version also what has changed."""
    if isinstance(refusal, transitions.NotPermitted):
        raise PageRefused(refusal.message) from refusal
    version = refusal.version if isinstance(refusal, transitions.StaleVersion) else None
    message = prepare_resubmission(form, refusal)
    form.after_refusal(refusal.code)
    return form_page(request, spec, form, refusal=message, version=version)


def form_page(
    request: StaffRequest,
    spec: VerbSpec,
    form: VerbForm,
    *,
    status: int = 200,
    refusal: str = "",
    version: int | None = None,
    **context: Any,
) -> HttpResponse:
    """Render the form as a page, or only its panel for a GET by htmx from the case page.

    A form that was sent shows what happened to the case since it was opened; `version`: the
    current version of the case if the one in the form is older.
    """
    is_part = bool(request.headers.get("HX-Request")) and request.method == "GET"
    template = "petitions/casework/_verb_form.html" if is_part else "petitions/casework/verb.html"
    data = case_heading(form.petition) | {
        "spec": spec,
        "words": spec.words(form.petition),
        "form": form,
        "action": url_of(form.petition, spec),
        "refusal": refusal,
        "changes": _unseen_changes(form, version) if form.is_bound else (),
        "preview": None,
        "is_part": is_part,
        "needs_files": form.is_multipart(),
    }
    response = render(request, template, data | context, status=CONFLICT if refusal else status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _unseen_changes(form: VerbForm, version: int | None) -> Sequence[timeline.TimelineEntry]:
    """Return the events after the version that the form was opened with, and update the form.

    No query if there are none.
    """
    seen, current = form.seen_version, version or form.petition.version
    if not 0 < seen < current:
        return ()
    form.update_version(current)
    return timeline.staff_timeline(timeline.load_history(form.petition, after=seen), clock.now())


def case_heading(petition: Petition) -> dict[str, Any]:
    """Return the context of `_case.html`, which names the case above the form."""
    return {"case": petition, "category": catalogue.label(petition.category)}
