"""The case page and its print view."""

from __future__ import annotations

import segno
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from config.lib import clock
from config.lib.web import site_links
from members.models import User
from petitions import case_log
from petitions.casework import case_detail
from petitions.casework.actions import actions, url_of
from petitions.enums import Verb
from petitions.models import Petition
from petitions.permissions import may
from petitions.rules import catalogue
from petitions.verbs.table import SPEC_OF
from petitions.web.access import StaffRequest, get_case, staff_only


@require_safe
@staff_only
def case(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one case: its deadlines, the actions of the user, and the timeline."""
    return show(request, pk)


def show(request: StaffRequest, pk: int, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """Render the case page; `refusal` says why a button on it had no effect."""
    petition = get_case(request.user, pk, case_detail.with_details())
    detail = case_detail.load(petition, request.user, clock.now())
    is_newest_first = request.GET.get("order") == "newest"
    reveal = SPEC_OF[Verb.REVEAL]
    context = {
        "detail": detail,
        "case": petition,
        "category": catalogue.label(petition.category),
        "full_category": catalogue.full_label(petition.category),
        "entries": detail.entries[::-1] if is_newest_first else detail.entries,
        "is_newest_first": is_newest_first,
        "actions": actions(petition, request.user, detail.escalations),
        "dispatch_url": _url_if_allowed(Verb.DISPATCH, petition, request.user),
        "reassign_url": _url_if_allowed(Verb.REASSIGN, petition, request.user),
        "contact": getattr(petition, "contact", None),
        "reveal": reveal,
        "reveal_decision": may(Verb.REVEAL, petition, request.user),
        "reveal_form": reveal.form(verb=Verb.REVEAL, petition=petition, viewer=request.user),
        "done": _done(request),
        "refusal": refusal,
    }
    return render(request, "petitions/casework/case.html", context, status=status)


def _url_if_allowed(verb: Verb, petition: Petition, user: User) -> str:
    """Return the address of a verb; empty if the user may not perform it now."""
    return url_of(petition, SPEC_OF[verb]) if may(verb, petition, user) else ""


def _done(request: StaffRequest) -> str:
    """Return the verb just performed, whose draft the browser may delete."""
    verb = request.GET.get("done", "")
    return verb if verb in Verb.values else ""


@require_safe
@staff_only
def printed(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a case for printing: without contact details, with its address as a QR code."""
    petition = get_case(request.user, pk, case_detail.with_details())
    case_log.log_print_page(petition, request.user, gettext_noop("诉求，不带联系方式"))
    address = site_links.absolute(petition.get_absolute_url())
    context = {
        "detail": case_detail.load(petition, request.user, clock.now(), is_printed=True),
        "case": petition,
        "category": catalogue.label(petition.category),
        "contact": getattr(petition, "contact", None),
        "qr": segno.make(address, error="m").svg_data_uri(scale=4, border=0),
        "address": address,
        "now": clock.now(),
    }
    return render(request, "petitions/casework/print_case.html", context)
