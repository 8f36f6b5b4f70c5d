"""Unread messages of a user: their number for every page, and the newest ones.

Django takes longer to build the SQL of the visibility rules than PostgreSQL to run it, so the SQL
is kept for each scope. Bars: the staff pages, all of which show the number. Delete the cache when
the ORM builds such a query in less than half a millisecond.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from config.lib.viewer import Scope, Viewer
from members.models import InboxMessage
from members.models.inbox import InboxQuerySet

MAX_COUNT = 100  # counting stops here; the page says "99+"
MAX_SCOPES = 500
Compiled = tuple[str, tuple[Any, ...]]  # SQL and parameters
_ANY_TIME = dt.datetime(1, 1, 1, tzinfo=dt.UTC)  # stands for the time in the kept parameters


@dataclass(frozen=True, slots=True)
class _ScopeOnly:
    """A viewer that is nothing but a scope."""

    scope: Scope


def count(viewer: Viewer, now: dt.datetime) -> int:
    """Return the number of unread messages shown to a user, at most `MAX_COUNT`; one query."""
    if not viewer.scope.posts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(*_at(now, _ids(viewer.scope, MAX_COUNT)))
        return len(cursor.fetchall())


def newest(viewer: Viewer, now: dt.datetime, limit: int) -> list[InboxMessage]:
    """Return the newest unread messages shown to a user; one query."""
    if not viewer.scope.posts:
        return []
    return list(InboxMessage.objects.raw(*_at(now, _newest(viewer.scope, limit))))


def _at(now: dt.datetime, compiled: Compiled) -> Compiled:
    """Replace the time in the parameters of a compiled query."""
    sql, parameters = compiled
    return sql, tuple(now if value == _ANY_TIME else value for value in parameters)


@lru_cache(MAX_SCOPES)
def _ids(scope: Scope, limit: int) -> Compiled:
    return _unread(scope).order_by().values("pk")[:limit].query.sql_with_params()


@lru_cache(MAX_SCOPES)
def _newest(scope: Scope, limit: int) -> Compiled:
    return _unread(scope).order_by("-id")[:limit].query.sql_with_params()


def _unread(scope: Scope) -> InboxQuerySet:
    return InboxMessage.objects.shown_to(_ScopeOnly(scope), _ANY_TIME).unread()
