"""The door for operators to territory: what the workflow computes is read-only here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.admin import ROWS, BaseAdmin, BaseInline, NoDeleteAdmin
from grids import workflow
from grids.calendar import calendars
from grids.enums import AreaKind, Level
from grids.forms import AreaForm
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr

FIXED = ("level", "kind", "parent", "name", "valid_from")
COMPUTED = ("path", "full_name", "initials", "valid_to")
DOORS = ("entrances", "floors", "doors_per_floor")
SEASON = ("season_from", "season_to")


class CodeInline(BaseInline):
    """Codes of a place, to be read; a new one is given by the workflow."""

    model = AreaCode
    extra = 0
    can_delete = False
    readonly_fields = ("scheme", "code", "valid_from", "valid_to")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Never here: an old code has to end the day before."""
        return False


@admin.register(Area)
class AreaAdmin(NoDeleteAdmin):
    """Places: added by the workflow, corrected in their doors and season, never moved by hand."""

    form = AreaForm
    list_display = ("full_name", "level", "kind", "parent", "valid_from", "valid_to")
    list_filter = ("level", "kind")
    list_select_related = ("parent",)
    search_fields = ("full_name", "initials")
    raw_id_fields = ("parent",)
    inlines = (CodeInline,)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Ask what the workflow needs; show what it computed."""
        return (*FIXED, *DOORS, *SEASON, *(COMPUTED if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Fix name, level and chain once a place stands; cases refer to them."""
        return (*FIXED, *COMPUTED) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Add by the workflow, which computes path and names."""
        if change:
            super().save_model(request, obj, form, change)
            return
        data = form.cleaned_data
        made = workflow.add_area(
            level=Level(data["level"]),
            kind=AreaKind(data["kind"]),
            parent=data["parent"],
            name=data["name"],
            on=data["valid_from"],
            **{name: data[name] for name in (*DOORS, *SEASON)},
        )
        obj.pk = made.pk


@admin.register(PlaceQr)
class PlaceQrAdmin(NoDeleteAdmin):
    """QR links: issued for a place, revoked for good."""

    list_display = ("area", "code", "created_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("area",)
    search_fields = ("code", "area__full_name")
    raw_id_fields = ("area",)
    fields = ("area", "code", "created_at", "revoked_at")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """Choose the place once; the code is drawn by itself."""
        return self.fields if obj else ("code", "created_at", "revoked_at")

    @admin.action(description=_("停用所选二维码"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[PlaceQr]) -> None:  # noqa: ARG002 - Django's signature
        """Put the chosen links out of use."""
        for qr in queryset:
            workflow.revoke_qr(qr=qr, now=timezone.now())


class CalendarAdmin(BaseAdmin):
    """Rows of the calendar: a change counts at once here, in other processes within a minute."""

    list_per_page = ROWS
    list_select_related = ("region",)
    raw_id_fields = ("region",)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        """Save, and read the calendar anew."""
        super().save_model(request, obj, form, change)
        transaction.on_commit(calendars.clear_cache)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete, and read the calendar anew."""
        super().delete_model(request, obj)
        transaction.on_commit(calendars.clear_cache)


@admin.register(CalendarDay)
class CalendarDayAdmin(CalendarAdmin):
    """Days that differ from their weekday."""

    list_display = ("date", "name", "kind", "is_workday", "region", "source")
    list_filter = ("kind", "is_workday", ("region", admin.RelatedOnlyFieldListFilter))
    date_hierarchy = "date"


@admin.register(OfficeHours)
class OfficeHoursAdmin(CalendarAdmin):
    """Blocks of office hours by season."""

    list_display = ("region", "season_from", "season_to", "opens", "closes")
    list_filter = (("region", admin.RelatedOnlyFieldListFilter),)
