"""What stands between a login and the pages: time-outs, the first password, the second factor."""

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

BEGAN, SEEN, PROVED = "signed_in_at", "last_seen_at", "second_factor_proved"
SEEN_EVERY_SECONDS = 60  # how stale `last_seen_at` may be; most requests write nothing

# Pages that a person who still owes a password or a second factor may open.
ALWAYS_OPEN = frozenset(
    {"account_logout", "account_login", "account_reauthenticate", "mfa_reauthenticate"}
    | {"set_language", "preferences", "javascript-catalog", "members:unread"}
)
PASSWORD_PAGES = ALWAYS_OPEN | {"account_change_password", "account_set_password"}
SECOND_FACTOR_PAGES = PASSWORD_PAGES | {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
}
POLLS = frozenset({"members:unread"})
POLL_HEADER = "X-Poll"
"""Pages that ask by themselves, by name or because they say so, keep nobody's session alive."""


class AuthenticatedMiddleware(ABC):
    """Middleware that looks at a logged-in person's request once its page is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the check happens in `process_view`."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, *_view: Any, **_more: Any
    ) -> HttpResponseBase | None:
        """Return an answer instead of the page, or None to let the page answer."""
        user = request.user
        if not isinstance(user, User):
            return None
        match = request.resolver_match
        return self.check(request, user, match.view_name if match else "")

    @abstractmethod
    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Decide for one person and one page."""


class SessionTimeoutMiddleware(AuthenticatedMiddleware):
    """Ends a session after half an hour without a request, and after eight hours in any case.

    The times are settings. Visitors without login are not touched. At most once a minute a
    session is written; then the list of sessions learns the time as well.
    """

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Log out what has lasted too long; otherwise note that somebody is there."""
        now, session = clock.now().timestamp(), request.session
        began, seen = session.get(BEGAN, now), session.get(SEEN, now)
        if now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_MAX_SECONDS:
            return _time_out(request, user)
        is_poll = page in POLLS or POLL_HEADER in request.headers
        if SEEN not in session or (now - seen > SEEN_EVERY_SECONDS and not is_poll):
            session[BEGAN], session[SEEN] = began, now
            UserSession.objects.filter(session_key=session.session_key).update(
                last_seen_at=clock.now()
            )
        return None


class NoStoreMiddleware:
    """Lets no browser or proxy keep an answer made for somebody's session: "back" shows nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Mark the answer private unless the view has said how long it may be kept."""
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not response.has_header(
            "Cache-Control"
        ):
            response.headers["Cache-Control"] = "private, no-store"
        return response


class PasswordChangeMiddleware(AuthenticatedMiddleware):
    """Leads a person with a first password to the page that changes it, and nowhere else."""

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Let nothing pass but the account pages until the password is the person's own."""
        if not user.must_change_password or page in PASSWORD_PAGES:
            return None
        return _lead_to(request, "account_change_password", _("请先把初始密码换成自己的密码。"))


class MfaRequiredMiddleware(AuthenticatedMiddleware):
    """Leads officials and administrators without a second factor to its set-up page."""

    def check(self, request: HttpRequest, user: User, page: str) -> HttpResponseBase | None:
        """Let pass whoever needs no second factor or has proved one in this session."""
        if settings.DEMO or page in SECOND_FACTOR_PAGES or request.session.get(PROVED):
            return None
        if not needs_second_factor(user):
            return None
        if any(record["method"] == "mfa" for record in get_authentication_records(request)) or (
            is_mfa_enabled(user)
        ):
            request.session[PROVED] = True
            return None
        return _lead_to(request, "mfa_activate_totp", _("您的职务须先设置两步验证。"))


def _time_out(request: HttpRequest, user: User) -> HttpResponseBase:
    """Log out, say why, and come back to the same page after the next log-in."""
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


def _lead_to(request: HttpRequest, page: str, why: str) -> HttpResponseBase:
    """Redirect the whole page, also when only a part of it was asked for; refuse a program."""
    if request.path.startswith(errors.API):
        return errors.answer(request, 403, code=page, detail=why)
    messages.info(request, why)
    target = redirect(page)
    return HttpResponseClientRedirect(target.url) if request.headers.get("HX-Request") else target
