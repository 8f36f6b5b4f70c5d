"""Rate limit of the API: writes of one account, counted like every other rate limit."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from config.lib import clock
from petitions.rules import rate_limits
from petitions.rules.rate_limits import RateLimit, RateLimited


class WriteThrottle(ScopedRateThrottle):
    """Limit an account's writes by the view's `throttle_scope`; reads are not limited.

    The rates of the scopes are settings (`DEFAULT_THROTTLE_RATES`), for example `600/min`.
    """

    _retry_after = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count one write; tell whether the account is below its limit."""
        scope: str | None = getattr(view, self.scope_attr, None)
        rate = self.THROTTLE_RATES.get(scope or "")
        if request.method in SAFE_METHODS or scope is None or rate is None:
            return True
        number, seconds = self.parse_rate(rate)
        policy = RateLimit(scope, number or 0, seconds or 1)
        try:
            rate_limits.hit(policy, f"user:{request.user.pk}", clock.now())
        except RateLimited as limited:
            self._retry_after = limited.retry_after
            return False
        return True

    def wait(self) -> float:
        """Return the seconds until the window ends."""
        return self._retry_after
