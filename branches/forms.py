"""Admin forms of organisations and responsibilities."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from branches import workflow
from branches.enums import OpenCases, OrgLevel
from branches.models import MobileActivityRoom, Organisation, Responsibility
from config.lib.admin import BaseModelForm
from config.lib.ending_admin import EndingForm


class OrganisationForm(BaseModelForm):
    """An organisation to add or correct."""

    class Meta:
        model = Organisation
        fields = (
            "level",
            "kind",
            "parent",
            "area",
            "name",
            "short_name",
            "duty_phone",
            "valid_from",
        )

    def clean(self) -> dict[str, Any]:
        """Reject an organisation that does not fit below its parent."""
        data = super().clean() or self.cleaned_data
        if self.instance.pk is None and data.get("level") and data.get("area"):
            workflow.check_fits(
                level=OrgLevel(data["level"]), parent=data.get("parent"), area=data["area"]
            )
        return data


class ResponsibilityForm(BaseModelForm):
    """A place for which an organisation becomes responsible."""

    class Meta:
        model = Responsibility
        fields = ("organisation", "area", "season_from", "season_to", "valid_from", "valid_to")

    def clean(self) -> dict[str, Any]:
        """Reject a place outside the organisation's level or territory, or already taken."""
        data = super().clean() or self.cleaned_data
        organisation, area = data.get("organisation"), data.get("area")
        if self.instance.pk is None and organisation and area and data.get("valid_from"):
            workflow.check_responsibility(organisation=organisation, area=area)
            responsibility = workflow.NewResponsibility(
                organisation=organisation,
                area=area,
                season_from=data.get("season_from", ""),
                season_to=data.get("season_to", ""),
            )
            workflow.check_vacant(
                responsibility=responsibility, on=data["valid_from"], until=data.get("valid_to")
            )
        return data


class ResponsibilityEndingForm(EndingForm):
    """The last day of responsibilities, and what happens to the open cases."""

    open_cases = forms.ChoiceField(
        label=_("没有办完的诉求"),
        choices=OpenCases.choices,
        widget=forms.RadioSelect,
        required=False,
    )


class MobileRoomForm(BaseModelForm):
    """A mobile activity room of a yurt group."""

    class Meta:
        model = MobileActivityRoom
        fields = ("organisation", "name")

    def clean_organisation(self) -> Organisation:
        """Reject an organisation that is no yurt group."""
        organisation: Organisation = self.cleaned_data["organisation"]
        workflow.check_room_allowed(organisation=organisation)
        return organisation
