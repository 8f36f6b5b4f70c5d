"""Login by user name and password, with the operators' permissions decided by hats alone."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser

from members.accounts import admin_permissions
from members.models import User


class RoleBackend(AuthenticationBackend):
    """The login of allauth; permissions by groups or by hand do not exist."""

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return what the hats worn today grant in the operators' pages."""
        if obj is not None or not isinstance(user_obj, User):
            return set()
        return set(admin_permissions.granted(user_obj))

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Tell whether anything of the app is open to this user."""
        return isinstance(user_obj, User) and user_obj.has_module_perms(app_label)
