"""Adapters of allauth: no sign-up, lock-out, first passwords, encrypted second factors."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from config.lib import clock
from members.accounts import audit_log
from members.enums import ADMIN_ROLES, MFA_ROLES, SecurityAction
from members.models import User


def needs_second_factor(user: User) -> bool:
    """Return whether this user must use a second factor; never in a demo."""
    if settings.DEMO:
        return False
    return user.is_superuser or user.scope.has_role(*MFA_ROLES)


class AccountAdapter(DefaultAccountAdapter):
    """Log-in and passwords."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: the security administrator creates accounts."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse after too many wrong passwords, even the right one, until the lock-out ends.

        The limit is five failures for one name or thirty from one address in half an hour
        (settings), counted in the security log, so a restart or an empty cache does not reset it.
        """
        user, name = self._whose(credentials)
        since = clock.now() - timedelta(seconds=settings.LOCKOUT_SECONDS)
        address = self.get_client_ip(request)
        of_name, of_address = audit_log.failures(
            since, user_id=user.pk if user else None, name=name, address=address
        )
        if of_name >= settings.LOCKOUT_FAILURES or of_address >= settings.LOCKOUT_ADDRESS_FAILURES:
            audit_log.write(SecurityAction.LOCKED_OUT, user=user, ip=address, name=name)
            raise ValidationError(_("登录失败次数过多，请过半小时再试，或请安全管理员帮忙。"))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log a wrong password with the account, or with a keyed hash of an unknown name."""
        user, name = self._whose(credentials)
        address = self.get_client_ip(request)
        audit_log.write(SecurityAction.LOGIN_FAILED, user=user, ip=address, name=name)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Log a successful log-in."""
        super().login(request, user)
        account = cast("User", user)
        audit_log.write(SecurityAction.LOGGED_IN, user=account, ip=self.get_client_ip(request))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Redirect administrators to the admin, users without a post to their account page.

        Others go to today's work. A page requested before the log-in takes precedence.
        """
        scope = cast("User", request.user).scope
        if scope.has_role(*ADMIN_ROLES):
            return reverse("admin:index")
        if not scope.posts:
            return reverse("members:me")
        return str(super().get_login_redirect_url(request))

    def logout(self, request: HttpRequest) -> None:
        """Log a log-out."""
        if isinstance(request.user, User):
            address = self.get_client_ip(request)
            audit_log.write(SecurityAction.LOGGED_OUT, user=request.user, ip=address)
        super().logout(request)

    def clean_password(self, password: str, user: AbstractBaseUser | None = None) -> str:
        """Reject the first password as new password."""
        cleaned = str(super().clean_password(password, user))
        if isinstance(user, User) and user.must_change_password and user.check_password(cleaned):
            raise ValidationError(_("请换一个与初始密码不同的密码。"))
        return cleaned

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Set a user's own password, which replaces a first password."""
        account = cast("User", user)
        account.must_change_password = False
        super().set_password(account, password)
        audit_log.write(SecurityAction.PASSWORD_SET, user=account)

    def _whose(self, credentials: dict[str, Any]) -> tuple[User | None, str]:
        """Return the account of a typed name, or a keyed hash of the name."""
        typed = str(credentials.get("username") or credentials.get("email") or "")
        user = User.objects.filter(username=typed).first() if typed else None
        return user, "" if user else audit_log.fingerprint(typed)


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP and recovery codes."""

    def encrypt(self, text: str) -> str:
        """Encrypt the shared secret for the database, with a key derived from SECRET_KEY."""
        return _second_factor_keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt the shared secret; fallback keys are tried after the current one."""
        return _second_factor_keys().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return False for users who must use a second factor."""
        return not needs_second_factor(authenticator.user)


def _second_factor_keys() -> MultiFernet:
    """Derive the keys from SECRET_KEY and its fallbacks, so that both rotate together."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_fernet_key(str(secret))) for secret in secrets])


def _fernet_key(secret: str) -> bytes:
    digest = salted_hmac("members.second_factor", "key", secret=secret, algorithm="sha256").digest()
    return urlsafe_b64encode(digest)


class SessionsAdapter(DefaultUserSessionsAdapter):
    """The list of a user's sessions."""

    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        """End sessions and log how many."""
        super().end_sessions(sessions)
        if sessions:
            audit_log.write(
                SecurityAction.SESSION_ENDED, user=sessions[0].user, count=len(sessions)
            )
