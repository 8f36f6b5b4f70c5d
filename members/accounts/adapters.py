"""Adapters of allauth: no sign-up, delayed log-in, first passwords, encrypted second factors."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from config.lib.web import site_links
from members.accounts import (
    audit_log,
    known_devices,
    login_delays,
    mail,
    second_factor,
    start_page,
)
from members.accounts.audit_log import LogActor
from members.accounts.login_delays import LoginDelayed
from members.accounts.second_factor import SecondFactorStage
from members.enums import MFA_ROLES, ActOutcome, SecurityAction
from members.models import User, rights_records


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

    def get_login_stages(self) -> list[str]:
        """Return the steps of a log-in, of which the second factor may have been proved already."""
        own = f"{SecondFactorStage.__module__}.{SecondFactorStage.__name__}"
        replaced = f"{AuthenticateStage.__module__}.{AuthenticateStage.__name__}"
        return [own if stage == replaced else stage for stage in super().get_login_stages()]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `authenticate` checks the delays."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the account of name and password, or None; a wrong password is logged.

        After wrong passwords an attempt has to wait (`login_delays`), the right password too,
        unless it comes with a code of the second factor: then both must be right. Raises
        LoginDelayed.
        """
        code = str(credentials.pop("code", ""))
        attempt = login_delays.attempt(request, _typed_name(credentials))
        try:
            login_delays.check_password_delay(attempt)
        except LoginDelayed:
            if not code:
                audit_log.write_refusal(
                    SecurityAction.LOCKED_OUT,
                    user=attempt.user,
                    actor=LogActor(audit_log.VISITOR),
                    **attempt.detail,
                )
                raise
        user = super().authenticate(request, **credentials)
        if user is None or not code:
            return user
        return user if second_factor.prove_at_login(request, attempt, code) else None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log a wrong password with the account, or with a keyed hash of an unknown name."""
        attempt = login_delays.attempt(request, _typed_name(credentials))
        audit_log.write(
            SecurityAction.LOGIN_FAILED,
            user=attempt.user,
            actor=LogActor(audit_log.VISITOR),
            outcome=ActOutcome.FAILED,
            **attempt.detail,
        )

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Log a successful log-in."""
        attempt = login_delays.of_user(request, cast("User", user))
        super().login(request, user)
        audit_log.write(SecurityAction.LOGGED_IN, user=attempt.user, **attempt.detail)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse:
        """Make the browser a known device of the account."""
        response = super().post_login(request, user, **more)
        known_devices.remember(request, response, cast("User", user))
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Redirect to the start page of the role; a page requested before takes precedence."""
        return start_page.url_for(cast("User", request.user))

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
        """Set a user's own password, which replaces a first password.

        Raises ValidationError if the account was locked, or its password replaced, since `user`
        was read.
        """
        account, hashed = cast("User", user), make_password(password)
        with rights_records.recorded(account):
            stored = User.objects.get(pk=account.pk)
            if not stored.is_active:
                raise ValidationError(_("账号已停用。"))
            if stored.password != account.password:
                raise ValidationError(_("密码刚刚已经换过，这次没有修改。请重新登录后再改。"))
            account.password, account.must_change_password = hashed, False
            account.save(update_fields=["password", "must_change_password"])
            audit_log.write(SecurityAction.PASSWORD_SET, user=account, **audit_log.origin())

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of the mail that resets a password, at the configured address."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return site_links.absolute(path.replace("UID-KEY", quote(key)))

    def send_password_reset_mail(
        self, user: AbstractBaseUser, email: str, context: dict[str, Any]
    ) -> None:
        """Send the mail to the stored address, not to the typed one, and log it.

        The page answers the same when no server accepts the mail.
        """
        account = cast("User", user)
        message = self.render_mail("account/email/password_reset_key", account.email, context)
        if mail.send(message):
            audit_log.write(SecurityAction.RESET_MAILED, user=account)


def _typed_name(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or "")


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
