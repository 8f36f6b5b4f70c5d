"""Admin of places, QR links, calendar days and office hours; computed columns are read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.admin import ROWS_PER_PAGE, BaseAdmin, BaseInline, NoDeleteAdmin
from config.lib.ending_admin import EndingAdmin
from grids import workflow
from grids.enums import AreaKind, Level
from grids.forms import AreaForm, OfficeHoursForm, PlaceQrForm
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr

FIXED_FIELDS = ("level", "kind", "parent", "name", "valid_from")
COMPUTED_FIELDS = ("full_name", "initials", "valid_to")
BUILDING_FIELDS = ("entrances", "floors", "doors_per_floor")
SEASON_FIELDS = ("season_from", "season_to")


class CodeInline(BaseInline):
    """Codes of a place, read-only; the workflow adds new ones."""

    model = AreaCode
    extra = 0
    can_delete = False
    readonly_fields = ("scheme", "code", "valid_from", "valid_to")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a new code must end the old one, which the workflow does."""
        return False


@admin.register(Area)
class AreaAdmin(EndingAdmin):
    """Places: added and closed through the workflow; only doors and season can be edited."""

    form = AreaForm
    list_display = ("full_name", "level", "kind", "parent", "valid_from", "valid_to")
    list_filter = ("level", "kind")
    list_select_related = ("parent",)
    search_fields = ("full_name", "initials")
    raw_id_fields = ("parent",)
    inlines = (CodeInline,)
    holdings_kind = "place"
    ending_label = _("停用地点")

    def end_row(self, row: Area, data: dict[str, Any], request: HttpRequest) -> None:
        """Close a place through the workflow."""
        workflow.close_area(area=row, on=data["on"])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the input fields, plus the computed columns of an existing place."""
        return (*FIXED_FIELDS, *BUILDING_FIELDS, *SEASON_FIELDS, *(COMPUTED_FIELDS if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make name, level and parent of an existing place read-only; cases refer to them."""
        return (*FIXED_FIELDS, *COMPUTED_FIELDS) if obj else ()

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Correct through the workflow."""
        workflow.correct_area(area=obj)

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add through the workflow, which computes path and names."""
        data = form.cleaned_data
        area = workflow.add_area(
            level=Level(data["level"]),
            kind=AreaKind(data["kind"]),
            parent=data["parent"],
            name=data["name"],
            on=data["valid_from"],
            **{name: data[name] for name in (*BUILDING_FIELDS, *SEASON_FIELDS)},
        )
        obj.pk = area.pk


@admin.register(PlaceQr)
class PlaceQrAdmin(NoDeleteAdmin):
    """QR links: issued for a place, revoked permanently."""

    form = PlaceQrForm

    list_display = ("area", "code", "created_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("area",)
    search_fields = ("code", "area__full_name")
    raw_id_fields = ("area",)
    fields = ("area", "code", "created_at", "revoked_at")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make all fields of an existing link read-only; the code is generated."""
        return self.fields if obj else ("code", "created_at", "revoked_at")

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Issue through the workflow; an existing link has nothing to change."""
        obj.pk = workflow.issue_qr(area=form.cleaned_data["area"]).pk

    @admin.action(description=_("停用所选二维码"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[PlaceQr]) -> None:
        """Revoke the selected links."""
        for qr in queryset:
            workflow.revoke_qr(qr=qr, now=timezone.now())


class CalendarAdmin(BaseAdmin):
    """Calendar rows; this process sees a change at once, others within a minute."""

    list_per_page = ROWS_PER_PAGE
    list_select_related = ("region",)
    raw_id_fields = ("region",)

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add through the workflow."""
        workflow.save_calendar_row(row=obj)

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Correct through the workflow."""
        workflow.save_calendar_row(row=obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete through the workflow."""
        workflow.delete_calendar_rows(rows=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete through the workflow."""
        workflow.delete_calendar_rows(rows=list(queryset))


@admin.register(CalendarDay)
class CalendarDayAdmin(CalendarAdmin):
    """Days that differ from their weekday."""

    list_display = ("date", "name", "kind", "is_workday", "region", "source")
    list_filter = ("kind", "is_workday", ("region", admin.RelatedOnlyFieldListFilter))
    date_hierarchy = "date"


@admin.register(OfficeHours)
class OfficeHoursAdmin(CalendarAdmin):
    """Blocks of office hours by season."""

    form = OfficeHoursForm
    list_display = ("region", "season_from", "season_to", "opens", "closes")
    list_filter = (("region", admin.RelatedOnlyFieldListFilter),)
