"""The door to the door sheet: choose a building, fill in its doors, print it empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import clock
from grids.enums import AreaKind
from grids.models import Area
from petitions import permissions, workflow
from petitions.casework.forms import door_sheet as forms
from petitions.casework.forms.door_sheet import Door, DoorSheetForm
from petitions.enums import Verb
from petitions.models import DoorVisit, Petition
from petitions.web.access import StaffRequest, get_case, staff_only

BAD = 400
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class BuildingChoice:
    """The buildings of the case's place, and what the address says was chosen."""

    buildings: Sequence[Area]
    building: Area | None
    entrances: Sequence[int]

    @property
    def query(self) -> str:
        """The part of the address that keeps the choice."""
        if self.building is None:
            return ""
        return urlencode({"building": self.building.pk, "entrance": self.entrances[0]})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def doors(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the doors of a building and record what was found; only what changed is sent on."""
    petition = get_case(request, pk)
    verdict = permissions.may(Verb.VISIT, petition, request.user)
    if verdict.code == "wrong_actor":
        raise PermissionDenied
    choice = _choice(request, petition)
    if choice.building is None or not (verdict or request.method == "POST"):
        return _page(request, petition, choice, refusal=verdict.reason)
    form = _sheet(request, petition, choice, choice.building)
    if not form.is_bound:
        return _page(request, petition, choice, form=form)
    if not form.is_valid():
        return _page(request, petition, choice, form=form, status=BAD)
    try:
        workflow.visit(petition=petition, by=request.user, now=clock.now(), **form.arguments())
    except workflow.NotPermitted as refusal:
        raise PermissionDenied from refusal
    except workflow.WrongState as refusal:
        return _page(request, petition, choice, form=form, refusal=refusal.message)
    number = len(form.results)
    text = ngettext("已保存 %(count)d 户。", "已保存 %(count)d 户。", number)
    messages.success(request, text % {"count": number})
    return redirect(f"{reverse('petitions:doors', args=[pk])}?{choice.query}&done=1")


@require_safe
@staff_only
def printed(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the sheet with empty boxes for paper: the building and its doors, nobody's name."""
    petition = get_case(request, pk)
    if permissions.may(Verb.VISIT, petition, request.user).code == "wrong_actor":
        raise PermissionDenied
    choice = _choice(request, petition)
    if choice.building is None:
        raise Http404
    every = range(1, (choice.building.entrances or 0) + 1)
    form = DoorSheetForm(
        petition=petition, viewer=request.user, building=choice.building, entrances=every, known={}
    )
    data = {"case": petition, "building": choice.building, "form": form, "now": clock.now()}
    return render(request, "petitions/print/doors.html", data)


def _choice(request: StaffRequest, petition: Petition) -> BuildingChoice:
    """Return the case's building, or the chosen one of those inside the case's place."""
    asked = request.GET.get("building", "")
    place = petition.place
    if place.kind == AreaKind.BUILDING:
        buildings = [place]
    else:
        inside = Area.objects.below(place).filter(kind=AreaKind.BUILDING)
        buildings = list(
            inside.on(request.user.scope.day).select_related("parent").order_by("path")
        )
    chosen = next((one for one in buildings if str(one.pk) == asked), None)
    if chosen is None and len(buildings) == 1:
        chosen = buildings[0]
    entrance = request.GET.get("entrance", "")
    number = int(entrance) if entrance.isascii() and entrance.isdigit() else None
    return BuildingChoice(buildings, chosen, forms.entrances_of(chosen, number) if chosen else ())


def _sheet(
    request: StaffRequest, petition: Petition, choice: BuildingChoice, building: Area
) -> DoorSheetForm:
    given: Mapping[str, Any] = {
        "petition": petition,
        "viewer": request.user,
        "building": building,
        "entrances": choice.entrances,
        "known": _known(petition, building, choice.entrances),
    }
    if request.method == "POST":
        return DoorSheetForm(request.POST, request.FILES, **given)
    return DoorSheetForm(**given)


def _known(petition: Petition, building: Area, entrances: Sequence[int]) -> dict[Door, str]:
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
    data = {
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
    return render(
        request, "petitions/doors/page.html", data, status=CONFLICT if refusal else status
    )
