"""Tracking codes, with which a resident reads a case without an account.

A code has 12 characters of Crockford's alphabet (60 bits) and is derived from the uuid of the case
with a secret. The database stores only a keyed hash of the code, which finds the case.
"""

from __future__ import annotations

import uuid

from config.lib import text_forms
from petitions import keyed_hashes
from petitions.keyed_hashes import mac

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def code_for(case_uuid: uuid.UUID) -> str:
    """Return the 12-character code of a case (or of a joined report) from its uuid."""
    number = int.from_bytes(mac("code", str(case_uuid))[:8], "big") >> 4
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(LENGTH))


def shown(code: str) -> str:
    """Return the code in groups of four, as it is displayed."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def normalised(typed: str) -> str:
    """Normalise a typed code of any width: upper case, look-alikes replaced, no separators."""
    return text_forms.fold_code(typed).translate(LOOK_ALIKES)


def is_code(code: str) -> bool:
    """Tell whether a normalised code has the length and the characters of a code."""
    return len(code) == LENGTH and not set(code) - set(ALPHABET)


def code_hash(code: str) -> str:
    """Return the keyed hash under which a code is stored."""
    return mac("hash", normalised(code)).hex()


def last4_hash(case_uuid: uuid.UUID, digits: str) -> str:
    """Return the keyed hash of the last four digits of a phone, bound to its case."""
    return keyed_hashes.last4_hash(case_uuid, digits)


def bucket(key: str) -> str:
    """Return a keyed hash of an address, code or account, to name its rate limit counter."""
    return mac("bucket", key).hex()[:32]
