"""Security headers of every response: Content-Security-Policy and Permissions-Policy."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

DISABLED_FEATURES = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture"),
    *("encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
"""Browser features that no page uses, embedded content included. A photo is taken through a file
field, which needs no permission for the camera."""

PERMISSIONS_HEADER = "Permissions-Policy"
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in DISABLED_FEATURES)


class SecurityHeadersMiddleware:
    """Adds the content policy of the settings and the permissions policy to every response.

    django-csp's own middleware builds the policy twice per response, because views may change it;
    here no view can.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers to the response."""
        response = self.get_response(request)
        response.headers[PERMISSIONS_HEADER] = PERMISSIONS_POLICY
        if settings.DEBUG and response.status_code in (404, 500):
            return response  # Django's debug pages use inline styles
        response.headers[HEADER] = self._policy
        return response
