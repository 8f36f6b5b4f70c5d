"""Checks of second-factor codes, with delays counted in the security log."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from members.accounts import audit_log, login_delays
from members.accounts.login_delays import LoginAttempt, LoginDelayed
from members.enums import ActOutcome, SecurityAction

_PROVED = "proved_authenticator"


def check(attempt: LoginAttempt, code: str) -> Authenticator | None:
    """Return the authenticator that a code belongs to, or None; a wrong code is logged.

    Raises LoginDelayed after too many wrong codes.
    """
    login_delays.check_code_delay(attempt)
    authenticator: Authenticator
    for authenticator in Authenticator.objects.filter(user=attempt.user):
        if authenticator.wrap().validate_code(code):
            return authenticator
    action = SecurityAction.SECOND_FACTOR_FAILED
    audit_log.write(action, user=attempt.user, outcome=ActOutcome.FAILED, **attempt.detail)
    return None


def prove_at_login(request: HttpRequest, attempt: LoginAttempt, code: str) -> bool:
    """Return whether the code sent with the right password is right; it is not asked for again.

    False also for an account without a second factor, or after too many wrong codes: the answer
    does not say whether the password was right.
    """
    if attempt.user is None or not get_adapter().is_mfa_enabled(attempt.user):
        return False
    try:
        authenticator = check(attempt, code)
    except LoginDelayed:
        return False
    setattr(request, _PROVED, authenticator)
    return authenticator is not None


class SecondFactorStage(AuthenticateStage):
    """The step of a log-in that asks for a code, unless it was sent with the password."""

    def handle(self) -> tuple[Any, bool]:
        """Record the code of this request, or show the page that asks for one."""
        authenticator = getattr(self.request, _PROVED, None)
        if authenticator is None or authenticator.user != self.login.user:
            response, goes_on = super().handle()
            return response, goes_on
        post_authentication(self.request, authenticator)
        return None, True
