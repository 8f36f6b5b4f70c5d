"""Context processor: the number of unread messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.lib import clock
from members.inbox import unread_messages
from members.models import User


def unread_count(request: HttpRequest) -> dict[str, Any]:
    """Add `unread_count` to the context, evaluated lazily, and not for htmx requests."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or request.headers.get("HX-Request"):
        return {"unread_count": 0}
    return {"unread_count": SimpleLazyObject(lambda: unread_messages.count(user, clock.now()))}
