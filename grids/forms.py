"""Admin forms of places, QR links and office hours."""

from __future__ import annotations

from typing import Any

from config.lib.admin import BaseModelForm
from grids import workflow
from grids.models import Area, OfficeHours, PlaceQr


class AreaForm(BaseModelForm):
    """A place to add or correct."""

    class Meta:
        model = Area
        fields = (
            "level",
            "kind",
            "parent",
            "name",
            "entrances",
            "floors",
            "doors_per_floor",
            "season_from",
            "season_to",
            "valid_from",
        )

    def clean(self) -> dict[str, Any]:
        """Reject a new place whose level does not fit below its parent."""
        data = super().clean() or self.cleaned_data
        if self.instance.pk is None and data.get("level"):
            workflow.check_fits(level=data["level"], parent=data.get("parent"))
        return data


class OfficeHoursForm(BaseModelForm):
    """A block of office hours to add or correct."""

    class Meta:
        model = OfficeHours
        fields = ("region", "season_from", "season_to", "opens", "closes")

    def clean(self) -> dict[str, Any]:
        """Reject a block that overlaps another one, at the field to change."""
        data = super().clean() or self.cleaned_data
        values = {name: data.get(name) for name in self.Meta.fields}
        if all(values.values()):
            workflow.check_office_hours(row=OfficeHours(pk=self.instance.pk, **values))
        return data


class PlaceQrForm(BaseModelForm):
    """A QR link to issue."""

    class Meta:
        model = PlaceQr
        fields = ("area",)

    def clean_area(self) -> Area:
        """Reject a place above the communities."""
        area: Area = self.cleaned_data["area"]
        workflow.check_qr_allowed(area=area)
        return area
