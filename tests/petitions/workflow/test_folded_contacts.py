"""Telephones that an earlier release stored as they were typed are folded, with their hashes."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from petitions.models import Contact, Petition
from petitions.ops import integrity, scheduled_tasks
from petitions.rules import contacts, tracking_codes
from petitions.workflow import contact
from tests.support.cast import Stage
from tests.support.tracking_client import code_of, enter_code


def _store_as_typed(petition: Petition, phone: str) -> None:
    """Write the row as an earlier release did."""
    key_id = contacts.newest_key_id()
    nonce = os.urandom(12)
    key = AESGCM(base64.urlsafe_b64decode(settings.CONTACT_KEYS[key_id]))
    plain = json.dumps({"name": "示例", "phone": phone}).encode()
    cipher = nonce + key.encrypt(nonce, plain, f"contact:{petition.uuid}".encode())
    last4 = "".join(sign for sign in phone if sign.isdecimal())[-4:]
    hashed = tracking_codes.last4_hash(petition.uuid, last4)
    Contact.objects.filter(petition=petition).update(
        cipher=cipher, last4_hash=hashed, is_folded=False
    )


def _phone(petition: Petition) -> str:
    row = Contact.objects.get(petition=petition)
    return contacts.decrypt(petition.uuid, bytes(row.cipher), row.key_id).phone


@pytest.mark.parametrize("way", ["task", "command"])
def test_stored_telephones_are_folded(stage: Stage, way: str, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    typed = {"１３９００００１２３４": "13900001234", "190-0000-1234": "19000001234"}
    cases = {phone: stage.file().petition for phone in typed}
    for phone, petition in cases.items():
        _store_as_typed(petition, phone)
    assert integrity.check(with_photos=False)["contact_not_folded"] == 2
    assert enter_code(Client(), code_of(cases["１３９００００１２３４"])).status_code == 200
    if way == "task":
        scheduled_tasks.tidy()
    else:
        call_command("rotate_contacts", stdout=io.StringIO())
    for phone, petition in cases.items():
        assert _phone(petition) == typed[phone]
        assert enter_code(Client(), code_of(petition)).status_code == 302
    assert integrity.check(with_photos=False)["contact_not_folded"] == 0


def test_two_numbers_in_one_contact_stay_apart(stage: Stage) -> None:
    petition = stage.file().petition
    _store_as_typed(petition, "0994-5550000 13900001234")
    assert contact.fold_stored(limit=10) == 1
    assert _phone(petition) == "0994-5550000 13900001234"


def test_contact_without_its_key_is_named(stage: Stage) -> None:
    petition = stage.file().petition
    Contact.objects.filter(petition=petition).update(cipher=b"x" * 60, is_folded=False)
    assert contact.fold_stored(limit=10) == 0
    assert integrity.check(with_photos=False)["contact_not_folded"] == 1
    assert "telephones stored as they were typed: run rotate_contacts" in integrity.explanations()
