"""API endpoint of the caller's own account and scope."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from members.models import User


class ActivePostSerializer(serializers.Serializer[Any]):
    """A post held today."""

    role = serializers.CharField()
    organisation_id = serializers.IntegerField(allow_null=True)
    organisation_name = serializers.CharField()
    organisation_level = serializers.CharField()
    is_deputy = serializers.BooleanField()
    area_paths = serializers.ListField(child=serializers.CharField())


class MeSerializer(serializers.Serializer[Any]):
    """The account of a token and its posts of today."""

    username = serializers.CharField()
    name = serializers.CharField()
    is_system = serializers.BooleanField()
    day = serializers.DateField()
    posts = ActivePostSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; clients know `posts` by the name `seats`."""
        fields = super().get_fields()
        return {"seats" if name == "posts" else name: field for name, field in fields.items()}


class MeView(APIView):
    """The account and scope behind a token."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeSerializer, operation_id="me", tags=["account"])
    def get(self, request: Request) -> Response:
        """Return the account of the token and its posts of today."""
        user = cast("User", request.user)
        scope = user.scope
        data = {
            "username": user.username,
            "name": user.name,
            "is_system": user.is_system,
            "day": scope.day,
            "seats": scope.posts,
        }
        return Response(MeSerializer(data).data)
