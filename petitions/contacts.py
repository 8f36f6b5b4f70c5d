"""Contact data at rest: authenticated encryption bound to its case, with a ring of keys."""

from __future__ import annotations

import base64
import json
import os
import re
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Reach:
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


def _bound_to(case_uuid: uuid.UUID) -> bytes:
    return f"contact:{case_uuid}".encode()


def newest_key_id() -> str:
    """Return the id of the key new contacts are sealed with: the first of the ring."""
    return next(iter(settings.CONTACT_KEYS))


def seal(case_uuid: uuid.UUID, reach: Reach) -> tuple[bytes, str]:
    """Encrypt a contact for one case; returns (nonce + cipher text, key id)."""
    key_id = newest_key_id()
    nonce = os.urandom(NONCE_BYTES)
    plain = json.dumps({"name": reach.name, "phone": reach.phone}).encode()
    key = base64.urlsafe_b64decode(settings.CONTACT_KEYS[key_id])
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(case_uuid)), key_id


def unseal(case_uuid: uuid.UUID, cipher: bytes, key_id: str) -> Reach:
    """Decrypt a contact; fails loudly when it was moved to another case or altered."""
    key = base64.urlsafe_b64decode(settings.CONTACT_KEYS[key_id])
    raw = bytes(cipher)
    plain = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(case_uuid))
    found = json.loads(plain)
    return Reach(name=found["name"], phone=found["phone"])
