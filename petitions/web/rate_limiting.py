"""Rate limits of public pages: counting per client address, and the answer 429 at the limit."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.lib.web import errors
from petitions.rules import rate_limits
from petitions.rules.rate_limits import RateLimit, RateLimited

UNKNOWN_ADDRESS = "unknown"
IPV6_PREFIX_LENGTH = 64  # a household is given a whole /64 network

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def handle_rate_limited(view: View[P]) -> View[P]:
    """Decorate a view: `RateLimited` becomes the 429 page with `Retry-After`.

    The session is left unchanged.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RateLimited as error:
            response = errors.answer(request, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = str(error.retry_after)
            return response

    return guarded


def count_request(limit: RateLimit, request: HttpRequest, now: dt.datetime) -> None:
    """Count one request of this client address; raise `RateLimited` at the limit."""
    rate_limits.hit(limit, client_address(request), now)


def client_address(request: HttpRequest) -> str:
    """Return the client's network address; an IPv6 address is reduced to its /64 network.

    `X-Forwarded-For` is trusted only for the last `TRUSTED_PROXIES` hops, which our own proxies
    wrote: a client cannot choose its address by sending the header itself.
    """
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies = settings.TRUSTED_PROXIES
    text = request.META.get("REMOTE_ADDR", "")
    if proxies and hops[0]:
        text = hops[-min(proxies, len(hops))]
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return UNKNOWN_ADDRESS
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_PREFIX_LENGTH), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
