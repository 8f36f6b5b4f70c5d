"""Who has no part in a case: the people of the organisation it is about, and in an accusation.

Whatever their posts say otherwise. Imports no model of a case, as `involvement`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from django.db.models import Q
from django.utils import timezone

from branches.models import Organisation
from config.lib.viewer import Scope
from members.enums import Role
from members.posts import directory


class ConflictOfInterest(Protocol):
    """A case with the organisation it is about, if it is about one, and when it was reported."""

    about_organisation_id: int | None
    created_at: dt.datetime


class Restricted(ConflictOfInterest, Protocol):
    """A case that may be about an organisation, or an accusation."""

    is_sealed: bool


def is_excluded(scope: Scope, petition: Restricted) -> bool:
    """Tell whether a viewer has no part in a case, whatever the posts say otherwise.

    A case about an organisation excludes every post in it or below it, and whoever held such a post
    when it was reported or later. It also excludes a viewer without an organisation: no
    organisation known is not the same as no conflict. An accusation excludes everybody but the
    city's own officials.
    """
    if petition.is_sealed and not scope.has_role(Role.CITY_OFFICIAL):
        return True
    about = petition.about_organisation_id
    if about is None:
        return False
    posts = scope.posts_since(timezone.localdate(petition.created_at))
    return not scope.own_and_above or any(about in post.ancestor_ids for post in posts)


def is_organisation_excluded(organisation: Organisation, petition: ConflictOfInterest) -> bool:
    """Tell whether a case is about an organisation or about one above it."""
    return petition.about_organisation_id in organisation.ancestor_ids


def excluded_users(petition: ConflictOfInterest, user_ids: Iterable[int], day: dt.date) -> set[int]:
    """Return which users have belonged to the organisation a case is about, or stood below it.

    From the report until `day`. One query, none for a case that is about no organisation.
    """
    about = petition.about_organisation_id
    if about is None:
        return set()
    return directory.with_post_below(about, user_ids, timezone.localdate(petition.created_at), day)


def not_excluded(scope: Scope) -> Q:
    """Condition: `is_excluded` is false of the case, for a viewer with an organisation.

    `involvement.visible_to` decides about posts without one.
    """
    own = sorted(scope.own_and_above)
    condition = ~Q(about_organisation__in=own)
    for former in scope.former_posts:
        if left := sorted(former.ancestor_ids.difference(own)):
            condition &= ~Q(about_organisation__in=left, created_at__lt=end_of(former.last_day))
    if not scope.has_role(Role.CITY_OFFICIAL):
        condition &= Q(is_sealed=False)
    return condition


def end_of(day: dt.date) -> dt.datetime:
    """Return the instant at which a day ends."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
    return timezone.make_aware(midnight)
