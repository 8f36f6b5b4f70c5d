"""The door to one case: its page, and its sheet on paper."""

from __future__ import annotations

import segno
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.lib import clock
from petitions.casework import case_detail
from petitions.casework.actions import actions
from petitions.casework.forms import handling as forms
from petitions.enums import Verb
from petitions.models import Petition
from petitions.permissions import may
from petitions.rules import catalogue
from petitions.web.access import StaffRequest, staff_only


@require_safe
@staff_only
def case(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one case: what is promised, what can be done, and everything that happened."""
    return page(request, case_detail.get_with_details(request.user, pk))


def page(
    request: StaffRequest, petition: Petition, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Render the case page; `refusal` says why a button pressed on it did nothing."""
    found = case_detail.load(petition, request.user, clock.now())
    is_newest_first = request.GET.get("order") == "newest"
    data = {
        "file": found,
        "case": petition,
        "category": catalogue.label(petition.category),
        "full_category": catalogue.full_label(petition.category),
        "entries": found.entries[::-1] if is_newest_first else found.entries,
        "is_newest_first": is_newest_first,
        "acts": actions(petition, request.user),
        "contact": getattr(petition, "contact", None),
        "reveal": may(Verb.REVEAL, petition, request.user),
        "reveal_form": forms.RevealForm(petition=petition, viewer=request.user),
        "done": _done(request),
        "refusal": refusal,
    }
    return render(request, "petitions/case/page.html", data, status=status)


def _done(request: StaffRequest) -> str:
    """Return the verb just done, whose draft the browser may forget."""
    verb = request.GET.get("done", "")
    return verb if verb in Verb.values else ""


@require_safe
@staff_only
def printed(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a case for paper: its contact hidden, its number and address as a QR code."""
    petition = case_detail.get_with_details(request.user, pk)
    address = request.build_absolute_uri(petition.get_absolute_url())
    data = {
        "file": case_detail.load(petition, request.user, clock.now()),
        "case": petition,
        "category": catalogue.label(petition.category),
        "contact": getattr(petition, "contact", None),
        "qr": segno.make(address, error="m").svg_data_uri(scale=4, border=0),
        "address": address,
        "now": clock.now(),
    }
    return render(request, "petitions/print/case.html", data)
