"""The door for programs to organisations: reading those within one's reach."""

from __future__ import annotations

from typing import cast

from django.utils import timezone
from rest_framework.viewsets import ReadOnlyModelViewSet

from branches.filters import OrganisationFilter
from branches.models import Organisation
from branches.querysets import OrganisationQuerySet
from branches.serializers import OrganisationSerializer
from config.lib.rest.api import CursorPagination
from config.lib.viewer import Viewer


class OrganisationViewSet(ReadOnlyModelViewSet[Organisation]):
    """Organisations within the caller's reach, with what they answer for today."""

    queryset = Organisation.objects.all()
    serializer_class = OrganisationSerializer
    pagination_class = CursorPagination
    filterset_class = OrganisationFilter
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> OrganisationQuerySet:
        """Return what the caller reaches today."""
        if getattr(self, "swagger_fake_view", False):
            return Organisation.objects.none()
        viewer = cast("Viewer", self.request.user)
        today = timezone.localdate()
        return (
            Organisation.objects.visible_to(viewer).on(today).with_current_responsibilities(today)
        )
