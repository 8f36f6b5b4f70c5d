"""Page of the verb "answer": an extension is sent only after the new date was shown."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from petitions.casework.verb_pages import form_page, perform_and_redirect, verb_view
from petitions.enums import Verb
from petitions.rules import service_terms
from petitions.verbs.forms.base import VerbForm
from petitions.verbs.forms.routing import AnswerForm, ExtensionPreview
from petitions.verbs.spec import VerbSpec
from petitions.verbs.table import SPEC_OF
from petitions.web.access import StaffRequest


def _preview_or_send(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> HttpResponse:
    """Show the new date of an extension, show the form again, or send the answer (field `step`).

    A date that was shown too long ago is shown again.
    """
    assert isinstance(form, AnswerForm)
    step = request.POST.get("step", "")
    if step == "edit":
        return form_page(request, spec, form)
    if form.extended and (step == "preview" or (step == "send" and not form.is_date_shown)):
        return form_page(request, spec, form, preview=_preview(form, form.extended))
    return perform_and_redirect(request, spec, form)


def _preview(form: AnswerForm, extended: ExtensionPreview) -> dict[str, Any]:
    """Return the present and the new deadline, as `_answer_preview.html` shows them."""
    form.keep_shown_date(extended)
    terms = service_terms.for_petition(form.petition)
    return {
        "template": "petitions/casework/_answer_preview.html",
        "was_due_at": extended.was_due_at,
        "due": terms.time_left(extended.plan, extended.counted_from),
        "is_provisional": extended.plan.is_provisional,
    }


answer = verb_view(SPEC_OF[Verb.ANSWER], on_valid=_preview_or_send)
