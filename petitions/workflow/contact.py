"""Verbs around the petitioner's contact: opening it with a reason, correcting it, sealing anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from petitions.enums import Verb
from petitions.models import Contact, Event, Petition
from petitions.permissions import By
from petitions.rules import contacts, tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.states import FINAL
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import WrongState

RETENTION = dt.timedelta(days=180)


@dataclass(frozen=True, slots=True)
class ReencryptionResult:
    """What one batch of sealing anew did, and after which row the next one begins."""

    done: int
    unreadable: tuple[int, ...]
    last: int | None


def reveal(*, petition: Petition, by: By, now: dt.datetime, reason: str) -> ContactDetails:
    """Open the contact: the reason is kept; the resident sees that and by whom it was opened.

    A contact that cannot be opened was not: then no trace says so.
    """
    with transition(petition, Verb.REVEAL, by=by, now=now) as change:
        change.add_note(reason, is_public=True)
        contact = change.petition.contact
        try:
            return contacts.decrypt(change.petition.uuid, bytes(contact.cipher), contact.key_id)
        except contacts.DecryptionFailed as error:
            words = _("联系方式现在打不开，请告诉系统管理员。")
            raise WrongState("unreadable", words) from error


def store_contact(petition: Petition, reach: ContactDetails) -> None:
    """Store a contact sealed for its case, in place of an older one; nothing when none is given."""
    if not reach:
        return
    Contact.objects.bulk_create(
        [encrypted(petition, reach)],
        update_conflicts=True,
        unique_fields=["petition"],
        update_fields=["cipher", "key_id", "last4_hash", "is_confidential"],
    )


def encrypted(petition: Petition, reach: ContactDetails) -> Contact:
    """Return the row of a contact, sealed for its case."""
    cipher, key_id = contacts.encrypt(petition.uuid, reach)
    return Contact(
        petition=petition,
        cipher=cipher,
        key_id=key_id,
        last4_hash=tracking_codes.last4_hash(petition.uuid, reach.last4),
        is_confidential=reach.is_confidential,
    )


def delete_expired(*, now: dt.datetime) -> int:
    """Delete the contacts of cases that ended 180 days ago; the matter stays without them.

    Source: PIPL art. 19 and 47; the time stands in the privacy notice.
    """
    recent = Event.objects.filter(petition=OuterRef("petition"), at__gt=now - RETENTION)
    ended = Contact.objects.filter(petition__status__in=FINAL).exclude(Exists(recent))
    deleted, _by_model = ended.delete()
    return deleted


def correct_contact(*, petition: Petition, reach: ContactDetails) -> None:
    """Replace or, when empty, delete the contact on the petitioner's own word (PIPL 46, 47)."""
    with transaction.atomic():
        if reach:
            store_contact(petition, reach)
        else:
            Contact.objects.filter(petition=petition).delete()


def reencrypt(*, after: int, limit: int) -> ReencryptionResult:
    """Seal up to `limit` contacts behind row `after` with the newest key, in one transaction.

    It waits for no lock: a contact that somebody holds is left for the next round. So it can stop
    nobody else's work and needs no place in the order of locks, and what a resident corrects
    meanwhile is never overwritten. Nothing about the case changes, so there is no event.
    """
    with transaction.atomic():
        rows = list(
            Contact.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("petition")
            .exclude(key_id=contacts.newest_key_id())
            .filter(pk__gt=after)
            .order_by("pk")[:limit]
        )
        sealed = list(_sealed_anew(rows))
        Contact.objects.bulk_update(sealed, ["cipher", "key_id"])
    done = {row.pk for row in sealed}
    left = tuple(row.pk for row in rows if row.pk not in done)
    return ReencryptionResult(len(done), left, rows[-1].pk if rows else None)


def _sealed_anew(rows: Iterable[Contact]) -> Iterable[Contact]:
    """Seal each row with the newest key; one that cannot be opened stays as it is."""
    for row in rows:
        try:
            reach = contacts.decrypt(row.petition.uuid, bytes(row.cipher), row.key_id)
        except contacts.DecryptionFailed:
            continue
        row.cipher, row.key_id = contacts.encrypt(row.petition.uuid, reach)
        yield row
