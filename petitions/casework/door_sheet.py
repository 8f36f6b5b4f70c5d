"""Pages of the verb "visit": choose a building, fill in its door sheet, print an empty one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import clock
from config.lib.domain_errors import PageRefused
from grids.enums import AreaKind
from grids.models import Area
from petitions import case_log
from petitions.casework.door_sheet_form import Door, DoorSheetForm, entrances_of
from petitions.casework.verb_pages import may_or_deny, perform_form_once, prepare_resubmission
from petitions.enums import Verb
from petitions.models import DoorVisit, Petition
from petitions.verbs.table import SPEC_OF
from petitions.web.access import StaffRequest, get_case, staff_only
from petitions.web.typed_texts import keeps_typed
from petitions.workflow import transitions

BAD_REQUEST = 400
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class BuildingChoice:
    """The buildings in the place of the case, and the building and entrances chosen in the URL."""

    buildings: Sequence[Area]
    building: Area | None
    entrances: Sequence[int]

    @property
    def query(self) -> str:
        """The query string that keeps the choice."""
        if self.building is None:
            return ""
        return urlencode({"building": self.building.pk, "entrance": self.entrances[0]})


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_typed(DoorSheetForm)
@staff_only
def doors(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the door sheet; POST records the results that changed since the sheet was drawn."""
    petition = get_case(request.user, pk, Petition.objects.select_related("place"))
    decision = may_or_deny(request, Verb.VISIT, petition)
    choice = _choice(request, petition)
    if choice.building is None or not (decision or request.method == "POST"):
        return _page(request, petition, choice, refusal=decision.reason)
    form = _sheet(request, petition, choice, choice.building)
    if not form.is_bound:
        return _page(request, petition, choice, form=form)
    if not form.is_valid():
        return _page(request, petition, choice, form=form, status=BAD_REQUEST)
    try:
        perform_form_once(request, SPEC_OF[Verb.VISIT], form)
    except transitions.NotPermitted as refusal:
        raise PageRefused(refusal.message) from refusal
    except transitions.WorkflowError as refusal:
        message = prepare_resubmission(form, refusal)
        return _page(request, petition, choice, form=form, refusal=message)
    number = len(form.results)
    text = ngettext("已保存 %(count)d 户。", "已保存 %(count)d 户。", number)
    messages.success(request, text % {"count": number})
    return redirect(f"{reverse('petitions:visit', args=[pk])}?{choice.query}&done=1")


@require_safe
@staff_only
def printed(request: StaffRequest, pk: int) -> HttpResponse:
    """Show an empty sheet for printing: the building and its doors, without any name."""
    petition = get_case(request.user, pk, Petition.objects.select_related("place"))
    may_or_deny(request, Verb.VISIT, petition)
    choice = _choice(request, petition)
    if choice.building is None:
        raise Http404
    form = DoorSheetForm(
        verb=Verb.VISIT,
        petition=petition,
        viewer=request.user,
        building=choice.building,
        entrances=range(1, (choice.building.entrances or 0) + 1),
        stored={},
    )
    case_log.log_print_page(petition, request.user, gettext_noop("空白的入户核实表"))
    context = {"case": petition, "building": choice.building, "form": form, "now": clock.now()}
    return render(request, "petitions/casework/print_door_sheet.html", context)


def _choice(request: StaffRequest, petition: Petition) -> BuildingChoice:
    """Return the building of the case, or the chosen one of those inside its place."""
    building_id = request.GET.get("building", "")
    place = petition.place
    if place.kind == AreaKind.BUILDING:
        buildings = [place]
    else:
        inside = Area.objects.below(place).filter(kind=AreaKind.BUILDING)
        buildings = list(
            inside.on(request.user.scope.day).select_related("parent").order_by("path")
        )
    chosen = next((building for building in buildings if str(building.pk) == building_id), None)
    if chosen is None and len(buildings) == 1:
        chosen = buildings[0]
    entrance = request.GET.get("entrance", "")
    number = int(entrance) if entrance.isascii() and entrance.isdigit() else None
    return BuildingChoice(buildings, chosen, entrances_of(chosen, number) if chosen else ())


def _sheet(
    request: StaffRequest, petition: Petition, choice: BuildingChoice, building: Area
) -> DoorSheetForm:
    about: dict[str, Any] = {
        "verb": Verb.VISIT,
        "petition": petition,
        "viewer": request.user,
        "building": building,
        "entrances": choice.entrances,
        "stored": _stored_results(petition, building, choice.entrances),
    }
    if request.method == "POST":
        return DoorSheetForm(request.POST, request.FILES, **about)
    return DoorSheetForm(**about)


def _stored_results(
    petition: Petition, building: Area, entrances: Sequence[int]
) -> dict[Door, str]:
    rows = DoorVisit.objects.filter(petition=petition, area=building, entrance__in=entrances)
    return {
        (entrance, floor, door): result
        for entrance, floor, door, result in rows.values_list("entrance", "floor", "door", "result")
    }


def _page(
    request: StaffRequest,
    petition: Petition,
    choice: BuildingChoice,
    *,
    form: DoorSheetForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    building = choice.building
    context = {
        "case": petition,
        "form": form,
        "refusal": refusal,
        "buildings": choice.buildings,
        "building": building,
        "entrances": choice.entrances,
        "tabs": range(1, (building.entrances or 0) + 1)
        if building and len(choice.entrances) == 1
        else (),
        "query": choice.query,
        "draft": f"visit-{petition.pk}-{building.pk}-{choice.entrances[0]}" if building else "",
        "is_done": "done" in request.GET,
    }
    status = CONFLICT if refusal else status
    return render(request, "petitions/casework/door_sheet.html", context, status=status)
