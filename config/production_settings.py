"""What a production installation must set; it does not start without."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 50
KEY_BYTES = 32


def require(
    *,
    is_embedded: bool,
    switches: Mapping[str, bool],
    secrets: Mapping[str, str],
    contact_keys: Mapping[str, str],
    allowed_hosts: Sequence[str],
) -> None:
    """Raise ImproperlyConfigured with a sentence for each setting that is missing or unsafe.

    `switches` are those that must be off, `secrets` the texts that must be long; both by the name
    of their variable.
    """
    problems = [
        *_database(is_embedded=is_embedded),
        *(f"{name} must be off." for name, is_on in switches.items() if is_on),
        *(line for name, secret in secrets.items() for line in _secret(name, secret)),
        *_contact_keys(contact_keys),
        *_hosts(allowed_hosts),
    ]
    if problems:
        raise ImproperlyConfigured(
            " ".join(
                ["Production (PRODUCTION=yes) does not start.", *problems, "See .env.example."]
            )
        )


def _database(*, is_embedded: bool) -> Iterator[str]:
    if is_embedded:
        yield "DATABASE_URL is not set: the embedded database is for development only."
        yield "With docker compose run the command in a container, where it is set."


def _secret(name: str, secret: str) -> Iterator[str]:
    if not secret:
        yield f"{name} is not set."
        if name == "TRACKING_SECRET":
            yield "An installation that ran without it sets it to the SECRET_KEY it had then."
    elif len(secret) < MIN_SECRET_LENGTH:
        yield f"{name} is shorter than {MIN_SECRET_LENGTH} characters."


def _contact_keys(keys: Mapping[str, str]) -> Iterator[str]:
    if not keys:
        yield "CONTACT_KEYS is not set: no telephone number could be stored."
    for name, key in keys.items():
        try:
            length = len(base64.b64decode(key, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            length = 0
        if length != KEY_BYTES:
            yield f"The key {name} of CONTACT_KEYS is not {KEY_BYTES} bytes in Base64."


def _hosts(hosts: Sequence[str]) -> Iterator[str]:
    if not hosts:
        yield "ALLOWED_HOSTS is not set: every request would be refused."
    elif "*" in hosts:
        yield "ALLOWED_HOSTS must name the hosts, not *."
