"""What a user may reach today: the posts held, their organisations and the places below them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from branches.enums import OrgLevel
from branches.models import Responsibility
from config.lib.dated import valid_on
from config.lib.viewer import Scope, Seat

if TYPE_CHECKING:
    from members.models import Post, User


def of(user: User | AnonymousUser) -> Scope:
    """Return today's reach of whoever asks; a visitor without login reaches nothing."""
    if isinstance(user, AnonymousUser):
        return Scope(user_id=None, day=timezone.localdate())
    return user.scope


def load(user: User, day: dt.date) -> Scope:
    """Read a user's reach on `day` in at most two queries.

    Every post counts from its first to its last day, both included, while its organisation
    stands. A closed account and a superuser reach nothing: rights come from posts alone.
    """
    if not user.is_active or user.is_superuser:
        return Scope(user_id=user.pk, day=day)
    posts = list(
        user.posts.on(day)
        .filter(Q(organisation=None) | valid_on(day, "organisation__"))
        .select_related("organisation", "area")
        .order_by("id")
    )
    served = _places_served(posts, day)
    return Scope(user_id=user.pk, day=day, seats=tuple(_seat(post, served) for post in posts))


def _places_served(posts: Iterable[Post], day: dt.date) -> list[tuple[str, str]]:
    """Return (path of the organisation, path of a place) for all that the posts answer for.

    A branch also reaches what its groups look after.
    """
    condition = Q()
    for post in posts:
        if post.organisation is None or post.organisation.level == OrgLevel.DEPARTMENT:
            continue
        if post.organisation.level == OrgLevel.BRANCH:
            condition |= Q(organisation__path__startswith=post.organisation.path)
        else:
            condition |= Q(organisation_id=post.organisation.pk)
    if not condition:
        return []
    rows = Responsibility.objects.on(day).filter(condition).select_related("organisation", "area")
    return [(row.organisation.path, row.area.path) for row in rows if row.is_in_season(day)]


def _seat(post: Post, served: Iterable[tuple[str, str]]) -> Seat:
    """Describe one post; a department's post reaches cases, never a place."""
    organisation = post.organisation
    if organisation is None:
        own = (post.area.path,) if post.area is not None else ()
        return Seat(post.role, None, "", "", "", own, post.is_deputy)
    return Seat(
        role=post.role,
        organisation_id=organisation.pk,
        organisation_level=organisation.level,
        organisation_path=organisation.path,
        organisation_name=organisation.name,
        area_paths=outermost(
            place for above, place in served if above.startswith(organisation.path)
        ),
        is_deputy=post.is_deputy,
    )


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Drop every path that lies below another one; fewer paths make cheaper conditions."""
    kept: list[str] = []
    for path in sorted(paths):
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return tuple(kept)
