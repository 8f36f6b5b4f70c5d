"""Contact data at rest: authenticated encryption bound to its case, with a ring of keys."""

from __future__ import annotations

import base64
import json
import os
import re
import uuid
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import checks

NONCE_BYTES = 12
KEY_BYTES = 32
LONGEST_ID = 20
DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """How to reach a petitioner; both may be empty, then there is no contact at all."""

    name: str = ""
    phone: str = ""
    is_confidential: bool = False

    @property
    def last4(self) -> str:
        """The last four digits of the phone, empty without a phone."""
        return DIGITS.sub("", self.phone)[-4:]

    def __bool__(self) -> bool:
        return bool(self.phone or self.name)


class DecryptionFailed(Exception):
    """A contact that no key of the ring opens: the key is gone, or the row was altered or moved."""


def _bound_to(case_uuid: uuid.UUID) -> bytes:
    return f"contact:{case_uuid}".encode()


def newest_key_id() -> str:
    """Return the id of the key new contacts are sealed with: the first of the ring."""
    return next(iter(settings.CONTACT_KEYS))


def encrypt(case_uuid: uuid.UUID, reach: ContactDetails) -> tuple[bytes, str]:
    """Encrypt a contact for one case; returns (nonce + cipher text, key id)."""
    key_id = newest_key_id()
    nonce = os.urandom(NONCE_BYTES)
    plain = json.dumps({"name": reach.name, "phone": reach.phone}).encode()
    return nonce + AESGCM(_key(key_id)).encrypt(nonce, plain, _bound_to(case_uuid)), key_id


def decrypt(case_uuid: uuid.UUID, cipher: bytes, key_id: str) -> ContactDetails:
    """Decrypt a contact; `Unreadable` when its key is gone, or it was moved or altered."""
    raw = bytes(cipher)
    try:
        key = _key(key_id)
        plain = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(case_uuid))
    except (KeyError, InvalidTag) as error:
        raise DecryptionFailed(f"key {key_id}") from error
    found = json.loads(plain)
    return ContactDetails(name=found["name"], phone=found["phone"])


def _key(key_id: str) -> bytes:
    return base64.urlsafe_b64decode(settings.CONTACT_KEYS[key_id])


@checks.register(checks.Tags.security)
def check_keyring(**_context: Any) -> list[checks.CheckMessage]:
    """Refuse to start with a ring in which a key could not seal, rather than refuse a report."""
    bad = [key_id for key_id in settings.CONTACT_KEYS if not _is_usable(key_id)]
    if settings.CONTACT_KEYS and not bad:
        return []
    which = f"Not every key ({', '.join(bad)})" if bad else "No key"
    hint = f"Each is id:key; the id of at most {LONGEST_ID} characters, the key 32 bytes in base64."
    return [checks.Error(f"{which} in CONTACT_KEYS can be used.", hint, id="petitions.E001")]


def _is_usable(key_id: str) -> bool:
    try:
        return len(key_id) <= LONGEST_ID and len(_key(key_id)) == KEY_BYTES
    except ValueError:
        return False
