"""Known devices: browsers in which an account has logged in before, known by a signed cookie.

Wrong passwords that others try do not delay a known device. The server stores no list of devices:
the cookie names the account by a keyed hash that changes with the password, and the device by a
random word that is written to the security log with its own wrong attempts only.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from members.models import User

MAX_AGE = 180 * 24 * 60 * 60  # seconds since the last log-in
MAX_ACCOUNTS = 10  # of one browser, for example at a front desk
_SALT = "members.known_devices"
_DEVICE_BYTES = 9


def cookie_name() -> str:
    """Return the name of the cookie; over HTTPS it is bound to this host."""
    return "__Host-known-device" if settings.SESSION_COOKIE_SECURE else "known-device"


def device_of(request: HttpRequest, user: User | None) -> str:
    """Return the word of this browser if the account has logged in here before, else ""."""
    if user is None:
        return ""
    account = _account(user)
    entries = _entries(request)
    return next((word for name, word in entries if constant_time_compare(name, account)), "")


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Make this browser a known device of the account, which has just logged in."""
    account = _account(user)
    word = device_of(request, user) or secrets.token_urlsafe(_DEVICE_BYTES)
    others = [entry for entry in _entries(request) if entry[0] != account]
    response.set_cookie(
        cookie_name(),
        signing.dumps([(account, word), *others][:MAX_ACCOUNTS], salt=_SALT),
        max_age=MAX_AGE,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def _account(user: User) -> str:
    """Return the keyed hash of account and password: a new password forgets all devices."""
    return salted_hmac(_SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()[:32]


def _entries(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the pairs (account, word) of the cookie; none if it is missing, forged or old."""
    try:
        pairs = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return []
    return [(str(account), str(word)) for account, word in pairs]
