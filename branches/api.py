"""API endpoints of organisations: read-only, limited to the caller's scope."""

from __future__ import annotations

from typing import cast

from django.utils import timezone
from rest_framework.viewsets import ReadOnlyModelViewSet

from branches.filters import OrganisationFilter
from branches.models import Organisation, OrganisationQuerySet
from branches.serializers import OrganisationSerializer
from config.lib.rest.pagination import CursorPagination
from config.lib.viewer import Viewer


class OrganisationViewSet(ReadOnlyModelViewSet[Organisation]):
    """Organisations within the caller's scope, with today's responsibilities."""

    queryset = Organisation.objects.all()
    serializer_class = OrganisationSerializer
    pagination_class = CursorPagination
    filterset_class = OrganisationFilter
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> OrganisationQuerySet:
        """Return the visible organisations valid today."""
        if getattr(self, "swagger_fake_view", False):
            return Organisation.objects.none()
        viewer = cast("Viewer", self.request.user)
        today = timezone.localdate()
        return (
            Organisation.objects.visible_to(viewer).on(today).with_current_responsibilities(today)
        )
