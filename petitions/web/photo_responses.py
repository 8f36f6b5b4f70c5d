"""Sends a stored photo to somebody a view has let in, by the web server in front if there is."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse

from petitions.rules import photos

INTERNAL = "/internal-photos/"  # what nginx serves from MEDIA_ROOT, to nobody but this application


def picture(name: str, *, is_thumb: bool = False) -> HttpResponse:
    """Return a photo or its thumbnail, always a JPEG; no browser keeps it."""
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
    if settings.PHOTOS_BY_ACCEL:
        folder = "thumbs" if is_thumb else "photos"
        headers["X-Accel-Redirect"] = f"{INTERNAL}{folder}/{name}"
        return HttpResponse(content_type="image/jpeg", headers=headers)
    try:
        body = (photos.thumb_of(name) if is_thumb else photos.path_of(name)).read_bytes()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(body, content_type="image/jpeg", headers=headers)
