"""Keyed hashes, by which something is compared without being stored."""

from __future__ import annotations

import hashlib
import hmac
import uuid

from django.conf import settings


def mac(purpose: str, message: str) -> bytes:
    """Return the authentication code of a message for one purpose."""
    key = hashlib.sha256(f"{purpose}:{settings.TRACKING_SECRET}".encode()).digest()
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def last4_hash(case_uuid: uuid.UUID, digits: str) -> str:
    """Return the keyed hash of the last four digits of a phone, bound to its case."""
    return mac("last4", f"{case_uuid}:{digits}").hex()
