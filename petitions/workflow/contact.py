"""Verbs around the petitioner's contact: opening it with a reason and a trace, correcting it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from petitions import contacts, tracking
from petitions.contacts import Reach
from petitions.enums import Verb
from petitions.models import Contact, Petition
from petitions.permissions import By
from petitions.workflow.engine import step


def reveal(*, petition: Petition, by: By, now: dt.datetime, reason: str) -> Reach:
    """Open the contact: the reason is kept; the resident sees that and by whom it was opened."""
    with step(petition, Verb.REVEAL, by=by, now=now) as one:
        one.say(reason, is_public=True)
    contact = one.petition.contact
    return contacts.unseal(one.petition.uuid, bytes(contact.cipher), contact.key_id)


def keep(petition: Petition, reach: Reach) -> None:
    """Store a contact sealed for its case; nothing is stored when nothing was given."""
    if not reach:
        return
    cipher, key_id = contacts.seal(petition.uuid, reach)
    Contact.objects.update_or_create(
        petition=petition,
        defaults={
            "cipher": cipher,
            "key_id": key_id,
            "last4_hash": tracking.last4_hash(petition.uuid, reach.last4),
            "is_confidential": reach.is_confidential,
        },
    )


def correct_contact(*, petition: Petition, reach: Reach) -> None:
    """Replace or, when empty, delete the contact on the petitioner's own word (PIPL 46, 47)."""
    with transaction.atomic():
        if reach:
            keep(petition, reach)
        else:
            Contact.objects.filter(petition=petition).delete()
