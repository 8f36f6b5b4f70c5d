"""Encryption of contact details: AES-GCM bound to the case, with a keyring for key rotation."""

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

from config.lib import text_forms
from config.lib.text_forms import LAST_DIGITS

NONCE_BYTES = 12
KEY_BYTES = 32
MAX_KEY_ID_LENGTH = 20
NON_DIGITS = re.compile(r"[^0-9]+")


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """Name and telephone number of a petitioner; without both there is no contact."""

    name: str = ""
    phone: str = ""
    is_confidential: bool = False

    @property
    def last4(self) -> str:
        """The last four digits of the telephone number, empty without one."""
        return NON_DIGITS.sub("", text_forms.fold_telephone(self.phone))[-LAST_DIGITS:]

    def __bool__(self) -> bool:
        return bool(self.phone or self.name)


class DecryptionFailed(Exception):
    """No key decrypts the contact: the key is gone, or the row was altered or moved."""


def _associated_data(case_uuid: uuid.UUID) -> bytes:
    return f"contact:{case_uuid}".encode()


def newest_key_id() -> str:
    """Return the id of the key that encrypts new contacts: the first of the keyring."""
    return next(iter(settings.CONTACT_KEYS))


def encrypt(case_uuid: uuid.UUID, details: ContactDetails) -> tuple[bytes, str]:
    """Encrypt a contact for one case; return nonce and ciphertext in one, and the key id.

    The telephone is folded, whichever way it came in. Whether the contact is confidential is
    encrypted too, so that it shows when the column is altered.
    """
    key_id = newest_key_id()
    nonce = os.urandom(NONCE_BYTES)
    phone = text_forms.telephone_to_store(details.phone)
    values = {"name": details.name, "phone": phone, "confidential": details.is_confidential}
    plain = json.dumps(values).encode()
    return nonce + AESGCM(_key(key_id)).encrypt(nonce, plain, _associated_data(case_uuid)), key_id


def decrypt(case_uuid: uuid.UUID, cipher: bytes, key_id: str) -> ContactDetails:
    """Decrypt a contact; raise `DecryptionFailed` if no key decrypts it."""
    details = _decrypted(case_uuid, cipher, key_id)
    return ContactDetails(name=details["name"], phone=details["phone"])


def encrypted_confidentiality(case_uuid: uuid.UUID, cipher: bytes, key_id: str) -> bool | None:
    """Return whether the contact was stored as confidential; None in rows of earlier releases.

    Raises `DecryptionFailed` if no key decrypts it.
    """
    is_confidential: bool | None = _decrypted(case_uuid, cipher, key_id).get("confidential")
    return is_confidential


def _decrypted(case_uuid: uuid.UUID, cipher: bytes, key_id: str) -> dict[str, Any]:
    raw = bytes(cipher)
    try:
        key = _key(key_id)
        plain = AESGCM(key).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated_data(case_uuid)
        )
    except (KeyError, InvalidTag) as error:
        raise DecryptionFailed(f"key {key_id}") from error
    values: dict[str, Any] = json.loads(plain)
    return values


def _key(key_id: str) -> bytes:
    return base64.urlsafe_b64decode(settings.CONTACT_KEYS[key_id])


@checks.register(checks.Tags.security)
def check_keyring(**_context: Any) -> list[checks.CheckMessage]:
    """System check: every key of CONTACT_KEYS must be able to encrypt."""
    bad = [key_id for key_id in settings.CONTACT_KEYS if not _is_usable(key_id)]
    if settings.CONTACT_KEYS and not bad:
        return []
    which = f"Not every key ({', '.join(bad)})" if bad else "No key"
    hint = (
        f"Each is id:key; the id of at most {MAX_KEY_ID_LENGTH} characters,"
        " the key 32 bytes in base64."
    )
    return [checks.Error(f"{which} in CONTACT_KEYS can be used.", hint, id="petitions.E001")]


def _is_usable(key_id: str) -> bool:
    try:
        return len(key_id) <= MAX_KEY_ID_LENGTH and len(_key(key_id)) == KEY_BYTES
    except ValueError:
        return False
