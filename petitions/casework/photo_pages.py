"""The door to the photos of a case: open to whoever may see the case, closed to everybody else."""

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
    """Send a photo of a case within the reader's scope; any other does not exist."""
    return _send(request, uuid, is_thumb=False)


@require_safe
@staff_only
def thumb(request: StaffRequest, uuid: uuids.UUID) -> HttpResponse:
    """Send the small picture of a photo, under the same rule as the large one."""
    return _send(request, uuid, is_thumb=True)


def _send(request: StaffRequest, uuid: uuids.UUID, *, is_thumb: bool) -> HttpResponse:
    cases = Petition.objects.visible_to(request.user).order_by().values("pk")
    found = get_object_or_404(Photo.objects.filter(petition__in=cases), uuid=uuid)
    response = photo_responses.photo_response(found.name, is_thumb=is_thumb)
    # Rights end at once: nothing of a case stays in the browser of a shared desk.
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
