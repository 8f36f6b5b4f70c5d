"""Verbs around the petitioner's contact: opening it with a reason and a trace, correcting it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef

from petitions import contacts, tracking
from petitions.contacts import Reach
from petitions.enums import Verb
from petitions.models import Contact, Event, Petition
from petitions.permissions import By
from petitions.states import FINAL
from petitions.workflow.engine import step

RETENTION = dt.timedelta(days=180)


def reveal(*, petition: Petition, by: By, now: dt.datetime, reason: str) -> Reach:
    """Open the contact: the reason is kept; the resident sees that and by whom it was opened."""
    with step(petition, Verb.REVEAL, by=by, now=now) as one:
        one.say(reason, is_public=True)
    contact = one.petition.contact
    return contacts.unseal(one.petition.uuid, bytes(contact.cipher), contact.key_id)


def keep(petition: Petition, reach: Reach) -> None:
    """Store a contact sealed for its case, in place of an older one; nothing when none is given."""
    if not reach:
        return
    cipher, key_id = contacts.seal(petition.uuid, reach)
    sealed = Contact(
        petition=petition,
        cipher=cipher,
        key_id=key_id,
        last4_hash=tracking.last4_hash(petition.uuid, reach.last4),
        is_confidential=reach.is_confidential,
    )
    Contact.objects.bulk_create(
        [sealed],
        update_conflicts=True,
        unique_fields=["petition"],
        update_fields=["cipher", "key_id", "last4_hash", "is_confidential"],
    )


def forget(*, now: dt.datetime) -> int:
    """Delete the contacts of cases that ended 180 days ago; the matter stays without them.

    Source: PIPL art. 19 and 47; the time stands in the privacy notice.
    """
    recent = Event.objects.filter(petition=OuterRef("petition"), at__gt=now - RETENTION)
    ended = Contact.objects.filter(petition__status__in=FINAL).exclude(Exists(recent))
    deleted, _by_model = ended.delete()
    return deleted


def correct_contact(*, petition: Petition, reach: Reach) -> None:
    """Replace or, when empty, delete the contact on the petitioner's own word (PIPL 46, 47)."""
    with transaction.atomic():
        if reach:
            keep(petition, reach)
        else:
            Contact.objects.filter(petition=petition).delete()
