"""The door for operators to organisations: what the workflow computes is read-only here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches import workflow
from branches.enums import OrgKind, OrgLevel
from branches.forms import OrganisationForm, ResponsibilityForm
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from config.lib.admin import BaseAdmin, BaseInline, NoDeleteAdmin

FIXED = ("level", "kind", "parent", "area", "valid_from")
NAMES = ("name", "short_name", "duty_phone")
DUTY = ("organisation", "area", "season_from", "season_to", "valid_from", "valid_to")


@admin.register(Organisation)
class OrganisationAdmin(NoDeleteAdmin):
    """Organisations: names and duty phone may be corrected, the tree may not."""

    form = OrganisationForm
    list_display = ("name", "level", "kind", "parent", "duty_phone", "valid_from", "valid_to")
    list_filter = ("level", "kind")
    list_select_related = ("parent",)
    search_fields = ("name", "short_name")
    raw_id_fields = ("parent", "area")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Ask what the workflow needs; show what it computed."""
        return (*NAMES, *FIXED, *(("path", "valid_to") if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Fix the organisation's place in the tree once it stands."""
        return (*FIXED, "path", "valid_to") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Add by the workflow, which computes the path."""
        if change:
            super().save_model(request, obj, form, change)
            return
        data = form.cleaned_data
        made = workflow.add_organisation(
            level=OrgLevel(data["level"]),
            kind=OrgKind(data["kind"]),
            parent=data["parent"],
            area=data["area"],
            on=data["valid_from"],
            **{name: data[name] for name in NAMES},
        )
        obj.pk = made.pk


@admin.register(Responsibility)
class ResponsibilityAdmin(NoDeleteAdmin):
    """Who answers for what, and since when: added and ended, never rewritten."""

    form = ResponsibilityForm
    list_display = ("organisation", "area", "season_from", "season_to", "valid_from", "valid_to")
    list_filter = ("level",)
    list_select_related = ("organisation", "area")
    search_fields = ("organisation__name", "area__full_name")
    raw_id_fields = ("organisation", "area")
    fields = DUTY
    actions = ("end_today",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Keep what was as it was."""
        return DUTY if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:  # noqa: ARG002 - Django's signature
        """Add by the workflow; a row that stands has nothing to save."""
        if change:
            return
        data = form.cleaned_data
        made = workflow.assign(
            organisation=data["organisation"],
            area=data["area"],
            on=data["valid_from"],
            until=data["valid_to"],
            season_from=data["season_from"],
            season_to=data["season_to"],
        )
        obj.pk = made.pk

    @admin.action(description=_("所选职责到今天为止"))
    def end_today(self, request: HttpRequest, queryset: QuerySet[Responsibility]) -> None:
        """Make today the last day of the chosen responsibilities."""
        for row in queryset.select_related("organisation", "area"):
            try:
                workflow.end_responsibility(responsibility=row, on=timezone.localdate())
            except ValidationError as error:
                self.message_user(request, f"{row}: {error.messages[0]}", messages.WARNING)


class StopInline(BaseInline):
    """The room's timetable."""

    model = Stop
    extra = 1
    raw_id_fields = ("area",)


@admin.register(MobileActivityRoom)
class MobileActivityRoomAdmin(BaseAdmin):
    """Travelling rooms and their announced stops."""

    list_display = ("name", "organisation")
    list_select_related = ("organisation",)
    raw_id_fields = ("organisation",)
    inlines = (StopInline,)
