"""The door to one case: its page, and its sheet on paper."""

from __future__ import annotations

import segno
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.lib import clock
from petitions import casefile, catalogue
from petitions.enums import Verb
from petitions.forms import verbs as forms
from petitions.models import Petition
from petitions.permissions import may
from petitions.views.acts import acts
from petitions.views.guards import StaffRequest, staff_only


@require_safe
@staff_only
def case(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one case: what is promised, what can be done, and everything that happened."""
    return page(request, casefile.find(request.user, pk))


def page(
    request: StaffRequest, petition: Petition, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Render the case page; `refusal` says why a button pressed on it did nothing."""
    found = casefile.read(petition, request.user, clock.now())
    is_newest_first = request.GET.get("order") == "newest"
    data = {
        "file": found,
        "case": petition,
        "category": catalogue.label(petition.category),
        "full_category": catalogue.full_label(petition.category),
        "entries": found.entries[::-1] if is_newest_first else found.entries,
        "is_newest_first": is_newest_first,
        "acts": acts(petition, request.user),
        "contact": getattr(petition, "contact", None),
        "reveal": may(Verb.REVEAL, petition, request.user),
        "reveal_form": forms.Reveal(petition=petition, viewer=request.user),
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
    petition = casefile.find(request.user, pk)
    address = request.build_absolute_uri(petition.get_absolute_url())
    data = {
        "file": casefile.read(petition, request.user, clock.now()),
        "case": petition,
        "category": catalogue.label(petition.category),
        "contact": getattr(petition, "contact", None),
        "qr": segno.make(address, error="m").svg_data_uri(scale=4, border=0),
        "address": address,
        "now": clock.now(),
    }
    return render(request, "petitions/print/case.html", data)
