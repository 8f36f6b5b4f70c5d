"""Admin forms of places and QR links."""

from __future__ import annotations

from typing import Any

from config.lib.admin import BaseModelForm
from grids import workflow
from grids.models import Area, PlaceQr


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
