"""API serializers of organisations."""

from __future__ import annotations

from rest_framework import serializers

from branches.models import Organisation, Responsibility
from grids.serializers import TREE_FIELDS


class ResponsibilitySerializer(serializers.ModelSerializer[Responsibility]):
    """A place the organisation is responsible for, in one season if given."""

    class Meta:
        model = Responsibility
        fields = ("area", "season_from", "season_to", "valid_from", "valid_to")
        read_only_fields = fields


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    """An organisation and its responsibilities of today."""

    answers_for = ResponsibilitySerializer(
        source="current_responsibilities", many=True, read_only=True
    )

    class Meta:
        model = Organisation
        fields = (
            *TREE_FIELDS,
            "short_name",
            "area",
            "duty_phone",
            "valid_from",
            "valid_to",
            "answers_for",
        )
        read_only_fields = fields
