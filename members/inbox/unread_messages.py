"""Unread messages of a user: their number for every page, and the newest ones."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from config.lib.db import compiled_select
from config.lib.viewer import Viewer
from members.models import InboxMessage
from members.models.inbox import InboxQuerySet

MAX_COUNT = 100  # counting stops here; the page says "99+"


def count(viewer: Viewer, now: dt.datetime) -> int:
    """Return the number of unread messages shown to a user, at most `MAX_COUNT`; one query."""
    if not viewer.scope.posts:
        return 0

    def build(now: dt.datetime) -> QuerySet[InboxMessage, Any]:
        return _unread(viewer, now).order_by().values_list("pk")[:MAX_COUNT]

    return compiled_select.count(("unread", MAX_COUNT, *viewer.scope.key), build, now)


def newest(viewer: Viewer, now: dt.datetime, limit: int) -> list[InboxMessage]:
    """Return the newest unread messages shown to a user; one query."""
    if not viewer.scope.posts:
        return []

    def build(now: dt.datetime) -> InboxQuerySet:
        return _unread(viewer, now).order_by("-id")[:limit]

    return compiled_select.instances(("newest unread", limit, *viewer.scope.key), build, now)


def _unread(viewer: Viewer, now: dt.datetime) -> InboxQuerySet:
    return InboxMessage.objects.shown_to(viewer, now).unread()
