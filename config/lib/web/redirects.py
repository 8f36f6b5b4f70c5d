"""Addresses without their last slash, and redirects that keep method and body.

After 301 clients repeat a POST as GET without its body and take the answer for a success.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import is_valid_path

from config.lib.web.errors import API

_SAFE_METHODS = frozenset({"GET", "HEAD"})


class RedirectMiddleware:
    """API addresses work without their last slash; other permanent redirects keep the method.

    Pages are redirected by Django's own middleware, to the slash and to HTTPS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Complete an API address; answer 308 instead of 301 unless the request only reads."""
        if _lacks_slash(request.path_info):
            request.path_info += "/"
            request.path += "/"
        response = self.get_response(request)
        is_moved = response.status_code == HTTPStatus.MOVED_PERMANENTLY
        if is_moved and request.method not in _SAFE_METHODS:
            response.status_code = HTTPStatus.PERMANENT_REDIRECT
        return response


def _lacks_slash(path: str) -> bool:
    """Tell whether a path of the API exists only with a slash at its end."""
    is_api = path.startswith(API) and not path.endswith("/")
    return is_api and not is_valid_path(path) and bool(is_valid_path(f"{path}/"))
