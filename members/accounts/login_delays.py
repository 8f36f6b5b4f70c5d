"""Delays after wrong passwords and wrong codes, counted in the security log.

Wrong passwords for a name are counted by name and address together, so that nobody delays the
log-in of another at a different address. Two wider counts slow down an attack with many names or
many addresses. A known device is counted for itself and is not delayed by any attempt made
elsewhere. A delay grows with each wrong attempt; no account is closed. Decision 0037.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import truncate_ip
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q
from django.http import HttpRequest
from django.utils.translation import ngettext

from config.lib import clock
from members.accounts import audit_log, known_devices
from members.enums import SecurityAction
from members.models import SecurityEvent, User

SHORTEST = 60  # seconds; doubled by each further wrong attempt
LONGEST = 15 * 60
MAX_WRONG_CODES = 5

_KNOWN = Q(detail__has_key="device")


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Who tries to log in, and from where.

    user: the account of the typed name, if it exists; name: a keyed hash of an unknown name.
    network: the client's address, an IPv6 address reduced to its /64 network.
    device: the word of a known device of this account, else "".
    """

    user: User | None
    name: str
    network: str
    device: str

    @property
    def detail(self) -> dict[str, Any]:
        """The detail of a line in the security log."""
        detail: dict[str, Any] = {"ip": self.network}
        if self.name:
            detail["name"] = self.name
        if self.device:
            detail["device"] = self.device
        return detail

    @property
    def is_mine(self) -> Q:
        """The condition of the lines of this account or unknown name."""
        return Q(user=self.user) if self.user else Q(user=None, detail__name=self.name)


class LoginDelayed(ValidationError):
    """The attempt was not checked: it has to wait."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        text = ngettext(
            "输错次数太多，请等 %(minutes)d 分钟再试。",
            "输错次数太多，请等 %(minutes)d 分钟再试。",
            minutes,
        )
        super().__init__(text % {"minutes": minutes}, code="login_delayed")
        self.retry_after = seconds


def attempt(request: HttpRequest, typed_name: str) -> LoginAttempt:
    """Return the attempt of a typed user name."""
    user = User.objects.filter(username=typed_name).first() if typed_name else None
    return of_user(request, user) if user else _unknown(request, typed_name)


def of_user(request: HttpRequest, user: User) -> LoginAttempt:
    """Return the attempt of an account."""
    return LoginAttempt(user, "", network(request), known_devices.device_of(request, user))


def _unknown(request: HttpRequest, typed_name: str) -> LoginAttempt:
    return LoginAttempt(None, audit_log.fingerprint(typed_name), network(request), "")


def network(request: HttpRequest) -> str:
    """Return the client's address; an IPv6 address is reduced to the /64 network of a household."""
    return str(truncate_ip(get_adapter().get_client_ip(request)))


def check_password_delay(attempt: LoginAttempt) -> None:
    """Raise LoginDelayed if a password may not be tried yet. Two queries."""
    now = clock.now()
    since = now - dt.timedelta(seconds=settings.LOCKOUT_SECONDS)
    mine, unknown = attempt.is_mine, ~_KNOWN
    here = Q(detail__ip=attempt.network)
    device = Q(detail__device=attempt.device) if attempt.device else here & unknown
    own = mine & device & Q(id__gt=_last_success(attempt, device, since))
    counted = [(own, settings.LOCKOUT_FAILURES)]
    if not attempt.device:
        counted += [
            (here & unknown, settings.LOCKOUT_ADDRESS_FAILURES),
            (mine & unknown, settings.LOCKOUT_NAME_FAILURES),
        ]
    _check(SecurityEvent.objects.failed_logins(since), counted, now)


def check_code_delay(attempt: LoginAttempt) -> None:
    """Raise LoginDelayed if a code of the second factor may not be tried yet. One query.

    Codes are short, so all unknown devices together have `MAX_WRONG_CODES` attempts. Only somebody
    who has the password can use them up.
    """
    now = clock.now()
    wrong = SecurityEvent.objects.filter(
        user=attempt.user,
        action=SecurityAction.SECOND_FACTOR_FAILED,
        at__gt=now - dt.timedelta(seconds=settings.LOCKOUT_SECONDS),
    )
    device = Q(detail__device=attempt.device) if attempt.device else ~_KNOWN
    _check(wrong, [(device, MAX_WRONG_CODES)], now)


def _last_success(attempt: LoginAttempt, device: Q, since: dt.datetime) -> int:
    """Return the id of the last log-in from the same place, after which the count restarts."""
    if attempt.user is None:
        return 0
    logins = SecurityEvent.objects.filter(
        device, user=attempt.user, action=SecurityAction.LOGGED_IN, at__gt=since
    )
    last: int | None = logins.aggregate(last=Max("id"))["last"]
    return last or 0


def _check(failures: Any, counted: list[tuple[Q, int]], now: dt.datetime) -> None:
    """Raise LoginDelayed for the longest wait of the counts, each with its limit. One query."""
    columns: dict[str, Any] = {}
    for number, (which, _limit) in enumerate(counted):
        columns[f"count{number}"] = Count("id", filter=which)
        columns[f"last{number}"] = Max("at", filter=which)
    numbers = failures.aggregate(**columns)
    waits = [
        delay(numbers[f"count{number}"], limit) - (now - numbers[f"last{number}"]).total_seconds()
        for number, (_which, limit) in enumerate(counted)
        if numbers[f"count{number}"] >= limit
    ]
    if waits and max(waits) > 0:
        raise LoginDelayed(max(1, round(max(waits))))


def delay(failures: int, limit: int) -> int:
    """Return how many seconds after the last wrong attempt the next one may be made."""
    if failures < limit:
        return 0
    doubled = min(failures - limit, 10)
    return min(SHORTEST << doubled, LONGEST)
