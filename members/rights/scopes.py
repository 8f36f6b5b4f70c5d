"""Scopes of users: their posts of today, with organisations and places, read in one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from branches.enums import OrgLevel
from config.lib import register_cache
from config.lib.db.prepared import PreparedQuery
from config.lib.db.validity import in_season
from config.lib.viewer import ActivePost, FormerPost, Scope, Viewer
from members.enums import ADMIN_ROLES

# Runs with every request, so it is hand-written SQL and planned once per connection. An
# organisation covers its own places, a branch those of its groups as well.
_POSTS_SQL = """
SELECT post.id AS post, (SELECT number FROM branches_edition) AS register_version,
    ARRAY(
        SELECT ARRAY[left_body.id::text, left_body.level, left_body.path,
            coalesce(past.rights_until, least(past.valid_to, left_body.valid_to))::text]::varchar[]
        FROM members_post past JOIN branches_organisation left_body
            ON left_body.id = past.organisation_id
        WHERE past.user_id = post.user_id AND least(past.valid_to, left_body.valid_to) < {day}
        ORDER BY past.id) AS former_posts,
    post.role::varchar, post.is_deputy, place.path::varchar AS own_place,
    body.id AS body, body.level::varchar, body.path::varchar, body.name::varchar,
    ARRAY(
        SELECT ARRAY[served.path, duty.season_from, duty.season_to]::varchar[]
        FROM branches_responsibility duty JOIN grids_area served ON served.id = duty.area_id
        WHERE duty.organisation_id = ANY(ARRAY(
                SELECT id FROM branches_organisation
                WHERE id = body.id OR (parent_id = body.id AND level = '{group}')))
            AND duty.valid_from <= {day} AND coalesce(duty.valid_to >= {day}, TRUE)) AS served
FROM members_post post
LEFT JOIN branches_organisation body ON body.id = post.organisation_id
LEFT JOIN grids_area place ON place.id = post.area_id
WHERE post.user_id = {user}
    AND post.valid_from <= {day} AND coalesce(post.valid_to >= {day}, TRUE)
    AND (body.id IS NULL
        OR (body.valid_from <= {day} AND coalesce(body.valid_to >= {day}, TRUE)))
"""

_HISTORY_SQL = """
SELECT body.id::text, body.level::varchar, body.path::varchar,
    coalesce(post.rights_until, least(post.valid_to, body.valid_to, $2))::text
FROM members_post post JOIN branches_organisation body ON body.id = post.organisation_id
WHERE post.user_id = $1 AND post.valid_from <= $2 ORDER BY post.id
"""


class ScopeAccount(Protocol):
    """The columns of a user that decide whether its posts count."""

    pk: Any
    is_active: bool
    is_superuser: bool


def posts_sql(*, user: str, day: str) -> str:
    """Return SQL that selects the posts of a user on a day, for `scope_of_rows`.

    `user` and `day` are SQL expressions. The caller orders the rows by `post`.
    """
    return _POSTS_SQL.format(user=user, day=day, group=OrgLevel.GROUP.value)


_POSTS_OF_USER = PreparedQuery(
    "posts", "bigint, date", lambda: posts_sql(user="$1", day="$2") + "ORDER BY post"
)

_HISTORY_OF_USER = PreparedQuery("post_history", "bigint, date", lambda: _HISTORY_SQL)


def of(user: Viewer | AnonymousUser) -> Scope:
    """Return today's scope of a user; the scope of an anonymous visitor is empty."""
    if isinstance(user, AnonymousUser):
        return Scope(user_id=None, day=timezone.localdate())
    return user.scope


def has_case_post(user: Viewer) -> bool:
    """Tell whether the user has a post today that is not an administrator role."""
    return any(post.role not in ADMIN_ROLES for post in user.scope.posts)


def load(account: ScopeAccount, day: dt.date) -> Scope:
    """Read the scope of an account on `day` in one query.

    A post counts from its first to its last day, inclusive, while its organisation exists. The
    scope of an inactive account and of a superuser is empty: rights come from posts alone.
    """
    if not account.is_active or account.is_superuser:
        return Scope(user_id=account.pk, day=day)
    return scope_of_rows(account.pk, day, _POSTS_OF_USER.rows(account.pk, day))


def post_history(user_id: int, day: dt.date) -> Scope:
    """Return the posts that a person held until `day`, those of today included, in one query.

    Also of a locked account, and of one without a post today. All are former posts, which give no
    right: for asking to which organisations the person has belonged since a day.
    """
    rows = _HISTORY_OF_USER.rows(user_id, day)
    return Scope(user_id=user_id, day=day, former_posts=tuple(_former_post(*row) for row in rows))


def scope_of_rows(user_id: int, day: dt.date, rows: Sequence[tuple[Any, ...]]) -> Scope:
    """Return the scope described by rows of `posts_sql`."""
    if not rows:
        return Scope(user_id=user_id, day=day)
    _post, register_version, ended, *_columns = rows[0]
    register_cache.note_version(register_version)
    return Scope(
        user_id=user_id,
        day=day,
        posts=tuple(_active_post(day, *row[3:]) for row in rows),
        former_posts=tuple(_former_post(*columns) for columns in ended),
        register_version=register_version,
    )


def _former_post(organisation_id: str, level: str, path: str, last_day: str) -> FormerPost:
    """Convert one element of `former_posts`, an array of texts."""
    return FormerPost(int(organisation_id), level, path, dt.date.fromisoformat(last_day))


def _active_post(
    day: dt.date,
    role: str,
    is_deputy: bool,
    own_place: str | None,
    organisation_id: int | None,
    *organisation: Any,
) -> ActivePost:
    """Convert one row; a department covers no places, so the post of a department has none."""
    if organisation_id is None:
        return ActivePost(role, None, "", "", "", (own_place,) if own_place else (), is_deputy)
    level, path, name, served = organisation
    in_use = (place for place, first, last in served if in_season(day, first, last))
    return ActivePost(role, organisation_id, level, path, name, outermost(in_use), is_deputy)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Drop each path that lies below another one, to keep SQL conditions short."""
    outer: list[str] = []
    for path in sorted(paths):
        if not outer or not path.startswith(outer[-1]):
            outer.append(path)
    return tuple(outer)
