"""API serializers of places."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from grids.enums import Level
from grids.models import Area

TREE_FIELDS = ("id", "level", "kind", "parent", "name")
LEVEL_CHOICES = [(level.name.lower(), level.label) for level in Level]


class LevelField(serializers.ChoiceField):
    """A level by name (`building`), so that clients need no numbers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(LEVEL_CHOICES, **kwargs)

    def to_representation(self, value: Any) -> str:
        """Return the name of a level."""
        return Level(value).name.lower()


class AreaSerializer(serializers.ModelSerializer[Area]):
    """A place; `code` is today's official code."""

    level = LevelField(read_only=True)
    code = serializers.CharField(source="current_code", read_only=True, allow_null=True)

    class Meta:
        model = Area
        fields: tuple[str, ...] = (
            *TREE_FIELDS,
            "full_name",
            "code",
            "season_from",
            "season_to",
            "valid_from",
            "valid_to",
        )
        read_only_fields: tuple[str, ...] = fields


class BuildingSerializer(AreaSerializer):
    """A building with its entrances, floors and doors per floor."""

    door_count = serializers.IntegerField(read_only=True)

    class Meta(AreaSerializer.Meta):
        fields = (
            *AreaSerializer.Meta.fields,
            "entrances",
            "floors",
            "doors_per_floor",
            "door_count",
        )
        read_only_fields = fields
