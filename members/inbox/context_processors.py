"""Context processor: the number of unread messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.lib import clock
from members.models import InboxMessage, User

MAX_COUNT = 100  # counting stops here; the page says "99+"


def count(user: User) -> int:
    """Return the number of unread messages of a user, at most 100; one query."""
    unread = InboxMessage.objects.shown_to(user, clock.now()).unread()
    return unread[:MAX_COUNT].count()


def unread_count(request: HttpRequest) -> dict[str, Any]:
    """Add `unread_count` to the context, evaluated lazily, and not for htmx requests."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or request.headers.get("HX-Request"):
        return {"unread_count": 0}
    return {"unread_count": SimpleLazyObject(lambda: count(user))}
