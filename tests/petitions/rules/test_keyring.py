"""The check of the keys that encrypt contacts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from petitions.models import Contact
from petitions.rules import contacts

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
SHORT, LONG = (base64.urlsafe_b64encode(b"k" * size).decode() for size in (31, 33))


@pytest.mark.parametrize(
    ("keys", "is_accepted"),
    [
        ({"1": KEY}, True),
        ({"2": KEY, "1": KEY}, True),
        ({"k" * 20: KEY}, True),
        ({"k" * 21: KEY}, False),
        ({"1": SHORT}, False),
        ({"1": LONG}, False),
        ({"2": KEY, "1": "not base64!"}, False),
        ({}, False),
    ],
)
def test_every_key_must_be_able_to_encrypt(
    settings: Any, keys: dict[str, str], is_accepted: bool
) -> None:
    settings.CONTACT_KEYS = keys
    assert (contacts.check_keyring() == []) is is_accepted


@pytest.mark.parametrize(
    ("keys", "words"), [({"2": KEY, "old": SHORT}, "Not every key (old)"), ({}, "No key")]
)
def test_the_error_names_the_keys(settings: Any, keys: dict[str, str], words: str) -> None:
    settings.CONTACT_KEYS = keys
    [error] = contacts.check_keyring()
    assert error.msg == f"{words} in CONTACT_KEYS can be used."


def test_longest_key_id_fits_the_column() -> None:
    assert Contact._meta.get_field("key_id").max_length == contacts.MAX_KEY_ID_LENGTH
