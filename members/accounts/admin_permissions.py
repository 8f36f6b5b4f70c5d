"""Which of the operators' pages a hat opens; nobody's hat opens a resident's case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

from members.enums import Role

if TYPE_CHECKING:
    from members.models import User


def _models(app: str, names: str, verbs: str = "view add change") -> frozenset[str]:
    return frozenset(f"{app}.{verb}_{name}" for name in names.split() for verb in verbs.split())


GRANTS: dict[Role, frozenset[str]] = {
    Role.SYSTEM_ADMIN: (
        _models("grids", "area areacode placeqr calendarday officehours")
        | _models("grids", "calendarday officehours", "delete")
        | _models("branches", "organisation responsibility mobileactivityroom stop")
        | _models("branches", "stop", "delete")
        | _models("members", "nearbyenrolment")
    ),
    Role.SECURITY_ADMIN: (
        _models("members", "user post")
        | _models("knox", "authtoken", "view delete")
        | _models("branches", "organisation", "view")
        | _models("grids", "area", "view")
    ),
    Role.AUDITOR: _models("members", "securityevent", "view"),
}
"""Territory and organisations, people and posts, the security log: three hats, three heads."""


def granted(user: User) -> frozenset[str]:
    """Return the operators' permissions a user has today; empty unless staff and wearing a hat.

    The first operator, made on the command line, may do what a security administrator may: give
    the three hats away. What a higher app lets a hat do stands in `OPERATOR_PERMISSIONS`.
    """
    if not (user.is_active and user.is_staff):
        return frozenset()
    if user.is_superuser:
        return GRANTS[Role.SECURITY_ADMIN]
    extra: dict[str, Iterable[str]] = getattr(settings, "OPERATOR_PERMISSIONS", {})
    return frozenset(
        perm
        for seat in user.scope.posts
        for source in (GRANTS.get(Role(seat.role), frozenset()), extra.get(seat.role, ()))
        for perm in source
    )
