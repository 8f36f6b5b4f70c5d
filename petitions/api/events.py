"""API list of events: what happened to the cases that are visible to the caller."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.rest.pagination import CursorPagination
from petitions.api.base import CaseListView
from petitions.api.serializers.cases import EventSerializer
from petitions.models import Event
from petitions.web.filters import EventFilter


class EventList(CaseListView[Event]):
    """The events of all cases that are visible to the caller, in the order of their ids."""

    queryset = Event.objects.none()
    filterset_class = EventFilter
    pagination_class = CursorPagination
    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[Event]:
        """Return the events of the cases that are visible to the caller, with their notes."""
        rows = Event.objects.filter(petition__in=self.cases().order_by().values("pk"))
        return rows.select_related("note")

    @extend_schema(
        operation_id="events_list", tags=["events"], responses=EventSerializer(many=True)
    )
    def get(self, _request: Request) -> Response:
        """Return a page of events; `after` is the last id you have."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)
