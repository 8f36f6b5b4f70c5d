"""Page of the verb "reveal": the contact details, shown once after a reason was given."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from petitions.casework.verb_pages import case_heading, perform, verb_view
from petitions.enums import Verb
from petitions.verbs.forms.base import VerbForm
from petitions.verbs.spec import VerbSpec
from petitions.verbs.table import SPEC_OF
from petitions.web.access import StaffRequest


def _show_contact(request: StaffRequest, spec: VerbSpec, form: VerbForm) -> HttpResponse:
    """Answer the POST with the contact details; they are neither stored nor cached anywhere."""
    details = perform(request, spec, form)
    context = {"contact": details, "reason": form.cleaned_data["reason"]}
    context |= case_heading(form.petition)
    response = render(request, "petitions/casework/revealed_contact.html", context)
    add_never_cache_headers(response)
    return response


reveal = verb_view(SPEC_OF[Verb.REVEAL], on_valid=_show_contact)
