"""The shape of organisations for programs."""

from __future__ import annotations

from rest_framework import serializers

from branches.models import Organisation, Responsibility


class ResponsibilitySerializer(serializers.ModelSerializer[Responsibility]):
    """A place the organisation answers for, in one season if named."""

    class Meta:
        model = Responsibility
        fields = ("area", "season_from", "season_to", "valid_from", "valid_to")
        read_only_fields = fields


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    """An organisation and what it answers for today."""

    answers_for = ResponsibilitySerializer(
        source="current_responsibilities", many=True, read_only=True
    )

    class Meta:
        model = Organisation
        fields = (
            "id",
            "level",
            "kind",
            "parent",
            "name",
            "short_name",
            "area",
            "duty_phone",
            "valid_from",
            "valid_to",
            "answers_for",
        )
        read_only_fields = fields
