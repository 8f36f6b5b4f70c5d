"""What a user may reach today: the posts held, their organisations and the places below them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from branches.enums import OrgLevel
from config.lib.db.prepared import PreparedQuery
from config.lib.db.validity import in_season
from config.lib.viewer import ActivePost, Scope

if TYPE_CHECKING:
    from members.models import User

# Read with every request of everybody, so it is written out and planned once for each line. An
# organisation answers for its own places, a branch for those of its groups as well.
_POSTS_SQL = """
SELECT post.id AS post, (SELECT number FROM branches_edition) AS edition,
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


def question(*, user: str, day: str) -> str:
    """Return the SQL that finds the posts of a user on a day, each with what it reaches.

    Its rows, in the order of `post`, are what `of_rows` takes.
    """
    return _POSTS_SQL.format(user=user, day=day, group=OrgLevel.GROUP.value)


_OWN = PreparedQuery(
    "seats", "bigint, date", lambda: question(user="$1", day="$2") + "ORDER BY post"
)


def of(user: User | AnonymousUser) -> Scope:
    """Return today's reach of whoever asks; a visitor without login reaches nothing."""
    if isinstance(user, AnonymousUser):
        return Scope(user_id=None, day=timezone.localdate())
    return user.scope


def load(user: User, day: dt.date) -> Scope:
    """Read a user's reach on `day` in one query.

    Every post counts from its first to its last day, both included, while its organisation
    stands. A closed account and a superuser reach nothing: rights come from posts alone.
    """
    if not user.is_active or user.is_superuser:
        return Scope(user_id=user.pk, day=day)
    return of_rows(user, day, _OWN.rows(user.pk, day))


def of_rows(user: User, day: dt.date, rows: Sequence[tuple[Any, ...]]) -> Scope:
    """Return the reach that the rows of `question` say."""
    seats = tuple(_active_post(day, *row[2:]) for row in rows)
    return Scope(user_id=user.pk, day=day, posts=seats, edition=rows[0][1] if rows else None)


def _active_post(
    day: dt.date,
    role: str,
    is_deputy: bool,
    own_place: str | None,
    organisation_id: int | None,
    *organisation: Any,
) -> ActivePost:
    """Describe one post; a department's post reaches cases, never a place."""
    if organisation_id is None:
        return ActivePost(role, None, "", "", "", (own_place,) if own_place else (), is_deputy)
    level, path, name, served = organisation
    reached = (place for place, first, last in served if in_season(day, first, last))
    return ActivePost(role, organisation_id, level, path, name, outermost(reached), is_deputy)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Drop every path that lies below another one; fewer paths make cheaper conditions."""
    kept: list[str] = []
    for path in sorted(paths):
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return tuple(kept)
