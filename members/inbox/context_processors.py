"""What every full page knows about its reader: how many messages wait."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.lib import clock
from members.models import InboxMessage, User

MOST = 100  # counting stops here; the page says "99+"


def count(user: User) -> int:
    """Return how many messages a person has not read, at most a hundred; one query."""
    unread = InboxMessage.objects.shown_to(user, clock.now()).unread()
    return unread[:MOST].count()


def unread_count(request: HttpRequest) -> dict[str, Any]:
    """Give the page `unread_count`; asked only if it is shown, and never for a part of a page."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or request.headers.get("HX-Request"):
        return {"unread_count": 0}
    return {"unread_count": SimpleLazyObject(lambda: count(user))}
