"""The door for programs to places: reading those within one's territory."""

from __future__ import annotations

from typing import cast

from django.utils import timezone
from rest_framework.viewsets import ReadOnlyModelViewSet

from config.lib.rest.api import CursorPagination
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.filters import AreaFilter
from grids.models import Area
from grids.querysets import AreaQuerySet
from grids.serializers import AreaSerializer, BuildingSerializer


class AreaViewSet(ReadOnlyModelViewSet[Area]):
    """Places within the caller's territory, and the chain above them."""

    queryset = Area.objects.all()
    serializer_class: type[AreaSerializer] = AreaSerializer
    pagination_class = CursorPagination
    filterset_class = AreaFilter
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> AreaQuerySet:
        """Return what the caller reaches today, with codes of today."""
        if getattr(self, "swagger_fake_view", False):
            return Area.objects.none()
        viewer = cast("Viewer", self.request.user)
        today = timezone.localdate()
        return Area.objects.visible_to(viewer).on(today).with_current_code(today)


class BuildingViewSet(AreaViewSet):
    """Buildings within the caller's territory."""

    serializer_class = BuildingSerializer

    def get_queryset(self) -> AreaQuerySet:
        """Return the buildings the caller reaches today."""
        return super().get_queryset().filter(level=Level.BUILDING)
