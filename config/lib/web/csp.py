"""The content policy of every answer: one for the whole site."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class ContentSecurityPolicyMiddleware:
    """Says the policy of the settings with every answer.

    The library's own middleware builds it twice for each answer, because a page could ask for an
    exception; none does, and none can here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, with the policy in a header."""
        response = self.get_response(request)
        if settings.DEBUG and response.status_code in (404, 500):
            return response  # the framework's own pages for developers carry their style inside
        response.headers[HEADER] = self._policy
        return response
