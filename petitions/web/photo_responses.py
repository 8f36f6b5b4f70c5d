"""The response with a stored photo, sent by the web server in front if there is one."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse

from petitions.rules import photos

INTERNAL_URL = "/internal-photos/"  # nginx serves it from MEDIA_ROOT, for X-Accel-Redirect only


def photo_response(name: str, *, is_thumb: bool = False) -> HttpResponse:
    """Return a photo or its thumbnail as JPEG, not to be stored; 404 if the file is missing."""
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
    if settings.PHOTOS_BY_ACCEL:
        folder = "thumbs" if is_thumb else "photos"
        headers["X-Accel-Redirect"] = f"{INTERNAL_URL}{folder}/{name}"
        return HttpResponse(content_type="image/jpeg", headers=headers)
    try:
        body = (photos.thumb_of(name) if is_thumb else photos.path_of(name)).read_bytes()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(body, content_type="image/jpeg", headers=headers)
