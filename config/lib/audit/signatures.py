"""Signatures of rows: a keyed hash over the columns of a row that never changes.

A person who can write to the database, but does not know `TRACKING_SECRET`, can neither add nor
alter such a row without being noticed. The secret is used because it never changes either.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable

from django.conf import settings

VERSION = b"\x01"
"""First byte of a signature: which columns are signed, and how."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def canonical(values: Iterable[object]) -> bytes:
    """Return values in one form, the same for a row in memory and as it is read back.

    Instants become microseconds since 1970, bytes become hexadecimal digits.
    """
    plain = [_plain(value) for value in values]
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


def sign(purpose: str, values: Iterable[object]) -> bytes:
    """Return the signature of values; `purpose` names the table, so that none fits another."""
    key = hashlib.sha256(f"{purpose}:{settings.TRACKING_SECRET}".encode()).digest()
    return VERSION + hmac.digest(key, canonical(values), "sha256")


def is_valid(purpose: str, values: Iterable[object], signature: bytes) -> bool:
    """Return whether a signature belongs to these values."""
    return hmac.compare_digest(sign(purpose, values), bytes(signature))


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value
