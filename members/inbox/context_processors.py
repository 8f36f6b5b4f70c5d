"""Context processor: the number of unread messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.lib import clock
from config.lib.db.prepared import PreparedQuery
from members.models import User

MAX_COUNT = 100  # counting stops here; the page says "99+"

# The number of `InboxMessage.objects.shown_to(user, now).unread()`, of which a test makes sure.
_UNREAD = PreparedQuery(
    "unread_count",
    "bigint, timestamptz, int",
    lambda: (
        "SELECT count(*) FROM (SELECT 1 FROM members_inboxmessage WHERE user_id = $1"
        " AND show_from <= $2 AND read_at IS NULL LIMIT $3) AS unread"
    ),
)


def count(user: User) -> int:
    """Return the number of unread messages of a user, at most 100; one query."""
    if not user.scope.posts:
        return 0
    number: int = _UNREAD.rows(user.pk, clock.now(), MAX_COUNT)[0][0]
    return number


def unread_count(request: HttpRequest) -> dict[str, Any]:
    """Add `unread_count` to the context, evaluated lazily, and not for htmx requests."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or request.headers.get("HX-Request"):
        return {"unread_count": 0}
    return {"unread_count": SimpleLazyObject(lambda: count(user))}
