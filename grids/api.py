"""API endpoints of places: read-only, limited to the caller's scope."""

from __future__ import annotations

from typing import cast

from django.utils import timezone
from rest_framework.viewsets import ReadOnlyModelViewSet

from config.lib.rest.pagination import CursorPagination
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.filters import AreaFilter
from grids.models import Area, AreaQuerySet
from grids.serializers import AreaSerializer, BuildingSerializer


class AreaViewSet(ReadOnlyModelViewSet[Area]):
    """Places within the caller's scope, and their ancestors."""

    queryset = Area.objects.all()
    serializer_class: type[AreaSerializer] = AreaSerializer
    pagination_class = CursorPagination
    filterset_class = AreaFilter
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> AreaQuerySet:
        """Return the visible places valid today, with today's codes."""
        if getattr(self, "swagger_fake_view", False):
            return Area.objects.none()
        viewer = cast("Viewer", self.request.user)
        today = timezone.localdate()
        return Area.objects.visible_to(viewer).on(today).with_current_code(today)


class BuildingViewSet(AreaViewSet):
    """Buildings within the caller's scope."""

    serializer_class = BuildingSerializer

    def get_queryset(self) -> AreaQuerySet:
        """Return the visible buildings valid today."""
        return super().get_queryset().filter(level=Level.BUILDING)
