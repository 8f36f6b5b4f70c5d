"""Checks that what belongs to a case is as the signed events say that it was written.

Reports, photos, notes and feedback have a digest in their event; a contact contains in its
ciphertext whether it is confidential.
"""

from __future__ import annotations

from petitions.enums import Verb
from petitions.models import Contact, Event, Feedback
from petitions.models.digests import REPORT_COLUMNS, photos_digest, report_digest
from petitions.rules import contacts

CHUNK = 2_000


def check() -> dict[str, int]:
    """Return for each kind of row how many differ from what was written, or are gone."""
    return {
        "report_altered": altered_reports(),
        "photos_altered": altered_photos(),
        "note_altered": altered_notes(),
        "feedback_altered": altered_feedback(),
        "confidentiality_altered": altered_confidentiality(),
    }


def altered_reports() -> int:
    """Return how many cases say something else than what was filed."""
    columns = [f"petition__{name}" for name in REPORT_COLUMNS]
    events = Event.objects.filter(verb=Verb.FILE, data__has_key="report_digest").order_by()
    rows = events.select_related("petition").only("data", *columns).iterator(chunk_size=CHUNK)
    return sum(report_digest(row.petition) != row.data["report_digest"] for row in rows)


def altered_photos() -> int:
    """Return how many events have other photos than those that were added."""
    events = Event.objects.filter(data__has_key="photos_digest").prefetch_related("photos")
    return sum(_has_other_photos(event) for event in events.iterator(chunk_size=CHUNK))


def _has_other_photos(event: Event) -> bool:
    digest = photos_digest(event.photos.all(), event.petition_id, event.version)
    return digest != str(event.data["photos_digest"])


def altered_notes() -> int:
    """Return how many notes differ from what was written, or are gone."""
    events = Event.objects.filter(data__has_key="note_digest").select_related("note")
    return sum(_has_other_note(event) for event in events.iterator(chunk_size=CHUNK))


def _has_other_note(event: Event) -> bool:
    note = getattr(event, "note", None)
    return note is None or note.digest(event.version) != event.data["note_digest"]


def altered_feedback() -> int:
    """Return in how many cases the newest feedback differs from what was written, or is gone."""
    events = Event.objects.filter(data__has_key="feedback_digest").order_by("petition", "version")
    written = dict(events.values_list("petition_id", "data__feedback_digest"))
    newest = {
        row.petition_id: row.digest()
        for row in Feedback.objects.order_by("petition", "round").iterator(chunk_size=CHUNK)
        if row.petition_id in written
    }
    return sum(newest.get(pk) != digest for pk, digest in written.items())


def altered_confidentiality() -> int:
    """Return how many contacts are marked otherwise than the resident wished.

    Rows of earlier releases, and those that no key decrypts, are left out.
    """
    rows = Contact.objects.select_related("petition")
    rows = rows.only("cipher", "key_id", "is_confidential", "petition__uuid")
    return sum(_is_marked_otherwise(row) for row in rows.iterator(chunk_size=CHUNK))


def _is_marked_otherwise(row: Contact) -> bool:
    stored = (row.petition.uuid, bytes(row.cipher), row.key_id)
    try:
        written = contacts.encrypted_confidentiality(*stored)
    except contacts.DecryptionFailed:
        return False
    return written is not None and written != row.is_confidential
