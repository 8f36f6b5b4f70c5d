"""Tracking codes: what a resident needs to follow a case, and nothing a guesser can use.

A code has 12 characters of Crockford's alphabet (60 bits), derived from the case's uuid with a
secret, so it never stands in the database; a keyed hash of it finds the case.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid

from django.conf import settings

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
SEPARATORS = re.compile(r"[\s\-–—·.]+")


def _mac(purpose: str, message: str) -> bytes:
    key = hashlib.sha256(f"{purpose}:{settings.TRACKING_SECRET}".encode()).digest()
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def code_for(case_uuid: uuid.UUID) -> str:
    """Return the 12-character code of a case (or of a me-too) from its uuid."""
    number = int.from_bytes(_mac("code", str(case_uuid))[:8], "big") >> 4
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(LENGTH))


def shown(code: str) -> str:
    """Return the code in groups of four, as printed and read out."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def normalised(typed: str) -> str:
    """Return what was typed as a code: upper case, look-alikes mended, separators dropped."""
    return SEPARATORS.sub("", typed.upper()).translate(LOOK_ALIKES)


def code_hash(code: str) -> str:
    """Return the keyed hash under which a code is stored."""
    return _mac("hash", normalised(code)).hex()


def last4_hash(case_uuid: uuid.UUID, digits: str) -> str:
    """Return the keyed hash of the last four digits of a phone, bound to its case."""
    return _mac("last4", f"{case_uuid}:{digits}").hex()


def bucket(address: str) -> str:
    """Return the name under which tries from one network address are counted; not the address."""
    return _mac("bucket", address).hex()[:32]
