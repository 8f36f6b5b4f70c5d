"""Absolute links to the site, built from the setting `SITE_URL` and never from the Host header."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.http.request import validate_host


def absolute(path: str) -> str:
    """Return the link to a path that begins with a slash."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def without_scheme(path: str) -> str:
    """Return the link as people type it: host and path."""
    return absolute(path).partition("://")[2]


@checks.register(deploy=True)
def check_site_url(**_context: Any) -> list[checks.CheckMessage]:
    """System check of a deployment: `SITE_URL` is an https address that the site answers."""
    address = urlsplit(settings.SITE_URL)
    if address.scheme == "https" and validate_host(address.hostname or "", settings.ALLOWED_HOSTS):
        return []
    return [
        checks.Warning(
            f"SITE_URL is {settings.SITE_URL!r}: links in messages and QR codes do not work.",
            "Set it to an https address of a host in ALLOWED_HOSTS, such as https://example.org.",
            id="config.W001",
        )
    ]
