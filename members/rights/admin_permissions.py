"""Admin permissions of the three administrator roles; none includes the content of a case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django.conf import settings

from config.lib.viewer import Scope
from members.enums import Role


class AdminAccount(Protocol):
    """The attributes of a user that decide its admin permissions."""

    is_active: bool
    is_staff: bool
    is_superuser: bool

    @property
    def scope(self) -> Scope:
        """The scope of today's posts."""
        ...


def _models(app: str, names: str, actions: str = "view add change") -> frozenset[str]:
    return frozenset(
        f"{app}.{action}_{name}" for name in names.split() for action in actions.split()
    )


GRANTS: dict[Role, frozenset[str]] = {
    Role.SYSTEM_ADMIN: (
        _models("grids", "area areacode placeqr calendarday officehours")
        | _models("grids", "calendarday officehours", "delete")
        | _models("branches", "organisation responsibility mobileactivityroom stop")
        | _models("branches", "stop", "delete")
        | _models("members", "nearbyenrolment")
        | _models("members", "delivery", "view change")
    ),
    Role.SECURITY_ADMIN: (
        _models("members", "user post")
        | _models("knox", "authtoken", "view delete")
        | _models("branches", "organisation", "view")
        | _models("grids", "area", "view")
    ),
    Role.AUDITOR: _models("members", "securityevent", "view"),
}
"""Permissions of the separated administrator roles (三员分立): registers, people, security log."""


def granted(account: AdminAccount) -> frozenset[str]:
    """Return the admin permissions an account has today; empty unless it is staff with such a role.

    The first superuser, created on the command line, has the permissions of a security
    administrator, in order to assign the three roles. Higher apps add theirs through the setting
    `OPERATOR_PERMISSIONS`.
    """
    if not (account.is_active and account.is_staff):
        return frozenset()
    if account.is_superuser:
        return GRANTS[Role.SECURITY_ADMIN]
    extra: dict[str, Iterable[str]] = getattr(settings, "OPERATOR_PERMISSIONS", {})
    return frozenset(
        permission
        for post in account.scope.posts
        for source in (GRANTS.get(Role(post.role), frozenset()), extra.get(post.role, ()))
        for permission in source
    )
