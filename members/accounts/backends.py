"""Authentication backend; admin permissions follow from administrator roles alone."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from config.lib import text_forms
from config.lib.db.prepared_rows import PreparedRow
from members.models import User
from members.rights import admin_permissions

_USER_BY_ID = PreparedRow("user_by_id", lambda: User, "bigint", "id = $1")


class RoleBackend(AuthenticationBackend):
    """The backend of allauth, without permissions by group or user."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the user of a name, in any case and width, and its password."""
        name = text_forms.fold_user_name(username or "")
        user = super().authenticate(request, username=name, password=password, **credentials)
        return cast("User | None", user)

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session, unless the account is closed. One query."""
        user = _USER_BY_ID.first(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """Return the admin permissions granted by today's administrator role."""
        if obj is not None or not isinstance(user_obj, User):
            return set()
        return set(admin_permissions.granted(user_obj))

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Return whether any permission of the app is granted to this user."""
        return isinstance(user_obj, User) and user_obj.has_module_perms(app_label)
