"""Authentication backend; admin permissions follow from administrator roles alone."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser

from members.models import User
from members.rights import admin_permissions


class RoleBackend(AuthenticationBackend):
    """The backend of allauth, without permissions by group or user."""

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return the admin permissions granted by today's administrator role."""
        if obj is not None or not isinstance(user_obj, User):
            return set()
        return set(admin_permissions.granted(user_obj))

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Return whether any permission of the app is granted to this user."""
        return isinstance(user_obj, User) and user_obj.has_module_perms(app_label)
