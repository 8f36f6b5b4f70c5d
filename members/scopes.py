"""What a user may reach today: the posts held, their organisations and the places below them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from branches.enums import OrgLevel
from branches.models import Responsibility
from config.lib.dated import in_season, valid_on
from config.lib.viewer import Scope, Seat

if TYPE_CHECKING:
    from members.models import Post, User


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
    posts = (
        user.posts.on(day)
        .filter(Q(organisation=None) | valid_on(day, "organisation__"))
        .select_related("organisation", "area")
        .annotate(served=ArraySubquery(_places_served(day)))
        .order_by("id")
    )
    return Scope(user_id=user.pk, day=day, seats=tuple(_seat(post, day) for post in posts))


def _places_served(day: dt.date) -> QuerySet[Responsibility, Any]:
    """Return the places an organisation answers for, a branch's groups' included, as JSON."""
    own = Q(organisation_id=OuterRef("organisation_id"))
    of_groups = Q(
        organisation__parent_id=OuterRef("organisation_id"), organisation__level=OrgLevel.GROUP
    )
    rows = Responsibility.objects.on(day).filter(own | of_groups)
    return rows.values(place=JSONObject(path="area__path", first="season_from", last="season_to"))


def _seat(post: Post, day: dt.date) -> Seat:
    """Describe one post; a department's post reaches cases, never a place."""
    organisation = post.organisation
    if organisation is None:
        own = (post.area.path,) if post.area is not None else ()
        return Seat(post.role, None, "", "", "", own, post.is_deputy)
    served: list[dict[str, str]] = getattr(post, "served", [])
    return Seat(
        role=post.role,
        organisation_id=organisation.pk,
        organisation_level=organisation.level,
        organisation_path=organisation.path,
        organisation_name=organisation.name,
        area_paths=outermost(
            place["path"] for place in served if in_season(day, place["first"], place["last"])
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
