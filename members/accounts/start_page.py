"""The page a user starts at, by role: after the log-in, at `/`, at `/home/` and on a 403 page."""

from __future__ import annotations

from django.conf import settings
from django.shortcuts import resolve_url

from members.enums import Role
from members.models import User
from members.rights import scopes


def url_for(user: User) -> str:
    """Return the URL of the start page; of several roles, one that handles cases comes first.

    A user without a post today starts at the account page.
    """
    if scopes.has_case_post(user):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    if user.scope.has_role(Role.AUDITOR):
        return resolve_url("members:security_log")
    if user.scope.posts:
        return resolve_url("admin:index")
    return resolve_url("members:me")
