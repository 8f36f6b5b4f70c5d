"""Middleware for session timeouts, forced password change and MFA."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from config.lib import clock
from config.lib.web import errors
from members.accounts import audit_log
from members.accounts.adapters import needs_second_factor
from members.enums import SecurityAction
from members.models import User

# Keys of the session. Sessions in use hold these texts, so they must not change.
LOGIN_TIME_KEY = "signed_in_at"
LAST_SEEN_KEY = "last_seen_at"
MFA_VERIFIED_KEY = "second_factor_proved"

LAST_SEEN_WRITE_INTERVAL = 60  # seconds; most requests write nothing

# Pages open to a user who still has to set a password or a second factor.
ALWAYS_OPEN = frozenset(
    {"account_logout", "account_login", "account_reauthenticate", "mfa_reauthenticate"}
    | {"set_language", "preferences", "members:unread"}
)
PASSWORD_PAGES = ALWAYS_OPEN | {"account_change_password"}
MFA_SETUP_PAGES = PASSWORD_PAGES | {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
}
POLLING_VIEWS = frozenset({"members:unread"})
POLL_HEADER = "X-Poll"
"""Polling requests, known by view name or header, do not count as activity of a session."""


class AuthenticatedMiddleware(ABC):
    """Base of middleware that checks requests of logged-in users once the view is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; `process_view` does the check."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, *_view: Any, **_more: Any
    ) -> HttpResponseBase | None:
        """Return a response instead of the view's, or None to run the view."""
        user = request.user
        if not isinstance(user, User):
            return None
        match = request.resolver_match
        return self.check(request, user, match.view_name if match else "")

    @abstractmethod
    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Check one user's request of one view, given by name."""


class SessionTimeoutMiddleware(AuthenticatedMiddleware):
    """End a session after 30 minutes without a request, and after 8 hours in any case.

    Both times are settings. Anonymous visitors are not affected. A session is written at most once
    a minute, together with `last_seen_at` in the list of sessions.
    """

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Log out an expired session; otherwise record the activity."""
        now, session = clock.now().timestamp(), request.session
        started, seen = session.get(LOGIN_TIME_KEY, now), session.get(LAST_SEEN_KEY, now)
        if (
            now - seen > settings.SESSION_IDLE_SECONDS
            or now - started > settings.SESSION_MAX_SECONDS
        ):
            return _time_out(request, user)
        is_poll = page in POLLING_VIEWS or POLL_HEADER in request.headers
        if LAST_SEEN_KEY not in session or (now - seen > LAST_SEEN_WRITE_INTERVAL and not is_poll):
            session[LOGIN_TIME_KEY], session[LAST_SEEN_KEY] = started, now
            UserSession.objects.filter(session_key=session.session_key).update(
                last_seen_at=clock.now()
            )
        return None


class NoStoreMiddleware:
    """Forbid caching of responses to logged-in users, so that "back" shows nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Mark the response private unless the view has set Cache-Control."""
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not response.has_header(
            "Cache-Control"
        ):
            response.headers["Cache-Control"] = "private, no-store"
        return response


class PasswordChangeMiddleware(AuthenticatedMiddleware):
    """Redirect a user with a first password to the page that changes it."""

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Allow only the account pages until the password has been changed."""
        if not user.must_change_password or page in PASSWORD_PAGES:
            return None
        return _redirect(request, "account_change_password", _("请先把初始密码换成自己的密码。"))


class MfaRequiredMiddleware(AuthenticatedMiddleware):
    """Redirect officials and administrators without a second factor to its set-up page."""

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Allow users who need no second factor or have used one in this session."""
        if settings.DEMO or page in MFA_SETUP_PAGES or request.session.get(MFA_VERIFIED_KEY):
            return None
        if not needs_second_factor(user):
            return None
        if any(record["method"] == "mfa" for record in get_authentication_records(request)) or (
            is_mfa_enabled(user)
        ):
            request.session[MFA_VERIFIED_KEY] = True
            return None
        return _redirect(request, "mfa_activate_totp", _("您的职务须先设置两步验证。"))


def _time_out(request: HttpRequest, user: User) -> HttpResponseBase:
    """Log out with a message; the next log-in returns to the same page."""
    address = get_adapter().get_client_ip(request)
    audit_log.write(SecurityAction.TIMED_OUT, user=user, ip=address)
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)
    if request.path.startswith(errors.API):
        return errors.answer(request, 401)
    messages.info(request, _("太久没有操作，已自动退出，请重新登录。"))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _redirect(request: HttpRequest, page: str, reason: str) -> HttpResponseBase:
    """Redirect the whole page, also for htmx requests; answer 403 to API requests."""
    if request.path.startswith(errors.API):
        return errors.answer(request, 403, code=page, detail=reason)
    messages.info(request, reason)
    target = redirect(page)
    return HttpResponseClientRedirect(target.url) if request.headers.get("HX-Request") else target
