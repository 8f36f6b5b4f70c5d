"""Photo files of cases, for users who may see the case."""

from __future__ import annotations

import uuid as uuids

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from petitions.models import Petition, Photo
from petitions.web import photo_responses
from petitions.web.access import StaffRequest, staff_only


@require_safe
@staff_only
def photo_file(request: StaffRequest, uuid: uuids.UUID) -> HttpResponse:
    """Send a photo of a case that is visible to the user; raise 404 for any other."""
    return _send(request, uuid, is_thumb=False)


@require_safe
@staff_only
def thumb(request: StaffRequest, uuid: uuids.UUID) -> HttpResponse:
    """Send the thumbnail of a photo, under the same rule."""
    return _send(request, uuid, is_thumb=True)


def _send(request: StaffRequest, uuid: uuids.UUID, *, is_thumb: bool) -> HttpResponse:
    cases = Petition.objects.visible_to(request.user).order_by().values("pk")
    photo = get_object_or_404(Photo.objects.filter(petition__in=cases), uuid=uuid)
    response = photo_responses.photo_response(photo.name, is_thumb=is_thumb)
    # Computers are shared: the browser must not keep a photo after the right to see it ends.
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
