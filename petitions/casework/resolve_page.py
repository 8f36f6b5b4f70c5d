"""Page of the verb "resolve": staff see what the resident will read before they send it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from petitions.casework.verb_pages import form_page, perform_and_redirect, verb_view
from petitions.enums import Outcome, Verb
from petitions.rules import answer_question
from petitions.verbs.forms.base import VerbForm
from petitions.verbs.forms.handling import ResolveForm
from petitions.verbs.spec import VerbSpec
from petitions.verbs.table import SPEC_OF
from petitions.web.access import StaffRequest


def _preview_or_send(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> HttpResponse:
    """Show the preview, show the form again, or send the answer, as the POST field `step` says."""
    step = request.POST.get("step", "preview")
    if step == "send":
        return perform_and_redirect(request, spec, form)
    assert isinstance(form, ResolveForm)
    preview = _preview(form) if step == "preview" else None
    return form_page(request, spec, form, preview=preview)


def _preview(form: ResolveForm) -> dict[str, Any]:
    """Return outcome, photos and the question to the resident, as `_preview.html` shows them."""
    words = _("照片 %(number)d")
    photos = [
        {"url": photo.thumbnail, "alt": words % {"number": number}}
        for number, photo in enumerate(form.photo_tokens, start=1)
    ]
    outcome = Outcome(form.cleaned_data["outcome"])
    question = answer_question.question(outcome)
    template = "petitions/casework/_resolve_preview.html"
    return {
        "template": template,
        "outcome": outcome.label,
        "photos": photos,
        "question": question,
    }


resolve = verb_view(SPEC_OF[Verb.RESOLVE], on_valid=_preview_or_send)
