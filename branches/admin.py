"""Admin of organisations, responsibilities and mobile rooms; computed columns are read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from branches import workflow
from branches.enums import OpenCases, OrgKind, OrgLevel
from branches.forms import (
    MobileRoomForm,
    OrganisationForm,
    ResponsibilityEndingForm,
    ResponsibilityForm,
)
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from config.lib.admin import BaseAdmin, BaseInline
from config.lib.ending_admin import EndingAdmin

FIXED_FIELDS = ("level", "kind", "parent", "area", "valid_from")
NAME_FIELDS = ("name", "short_name", "duty_phone")
RESPONSIBILITY_FIELDS = (
    "organisation",
    "area",
    "season_from",
    "season_to",
    "valid_from",
    "valid_to",
)


@admin.register(Organisation)
class OrganisationAdmin(EndingAdmin):
    """Organisations: names and duty phone can be edited; ended by an act of its own."""

    form = OrganisationForm
    list_display = ("name", "level", "kind", "parent", "duty_phone", "valid_from", "valid_to")
    list_filter = ("level", "kind")
    list_select_related = ("parent",)
    search_fields = ("name", "short_name")
    raw_id_fields = ("parent", "area")
    holdings_kind = "organisation"
    ending_label = _("撤销组织")

    def end_row(self, row: Organisation, data: dict[str, Any], request: HttpRequest) -> None:
        """End an organisation through the workflow."""
        workflow.end_organisation(organisation=row, on=data["on"])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the input fields, plus the last day of an existing organisation."""
        return (*NAME_FIELDS, *FIXED_FIELDS, *(("valid_to",) if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make the position in the tree read-only for an existing organisation."""
        return (*FIXED_FIELDS, "valid_to") if obj else ()

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Correct through the workflow."""
        workflow.correct_organisation(organisation=obj)

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add through the workflow, which computes the path."""
        data = form.cleaned_data
        organisation = workflow.add_organisation(
            level=OrgLevel(data["level"]),
            kind=OrgKind(data["kind"]),
            parent=data["parent"],
            area=data["area"],
            on=data["valid_from"],
            **{name: data[name] for name in NAME_FIELDS},
        )
        obj.pk = organisation.pk


@admin.register(Responsibility)
class ResponsibilityAdmin(EndingAdmin):
    """Responsibilities: added, and ended by an act of its own; never edited."""

    form = ResponsibilityForm
    list_display = ("organisation", "area", "season_from", "season_to", "valid_from", "valid_to")
    list_filter = ("level",)
    list_select_related = ("organisation", "area")
    search_fields = ("organisation__name", "area__full_name")
    raw_id_fields = ("organisation", "area")
    fields = RESPONSIBILITY_FIELDS
    holdings_kind = "responsibility"
    ending_form = ResponsibilityEndingForm
    ending_label = _("结束职责")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make all fields of an existing responsibility read-only."""
        return RESPONSIBILITY_FIELDS if obj else ()

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add through the workflow; an existing row has nothing to change."""
        data = form.cleaned_data
        responsibility = workflow.assign(
            organisation=data["organisation"],
            area=data["area"],
            on=data["valid_from"],
            until=data["valid_to"],
            season_from=data["season_from"],
            season_to=data["season_to"],
        )
        obj.pk = responsibility.pk

    def end_row(self, row: Responsibility, data: dict[str, Any], request: HttpRequest) -> None:
        """End through the workflow, with the decision about the open cases."""
        choice = data["open_cases"]
        workflow.end_responsibility(
            responsibility=row, on=data["on"], open_cases=OpenCases(choice) if choice else None
        )


class StopInline(BaseInline):
    """The timetable of the room."""

    model = Stop
    extra = 1
    raw_id_fields = ("area",)


@admin.register(MobileActivityRoom)
class MobileActivityRoomAdmin(BaseAdmin):
    """Mobile activity rooms and their announced stops."""

    list_display = ("name", "organisation")
    list_select_related = ("organisation",)
    raw_id_fields = ("organisation",)
    inlines = (StopInline,)
    form = MobileRoomForm

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Correct through the workflow."""
        workflow.correct_mobile_room(room=obj)

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add through the workflow."""
        room = workflow.add_mobile_room(organisation=obj.organisation, name=obj.name)
        obj.pk = room.pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Save the stops through the workflow."""
        changed = formset.save(commit=False)
        workflow.change_stops(changed=changed, deleted=formset.deleted_objects)
