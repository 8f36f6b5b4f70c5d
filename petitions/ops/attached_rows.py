"""Checks that what belongs to a case is as the signed events say that it was written.

Reports, photos, notes and feedback have a digest in their event; a contact contains in its
ciphertext whether it is confidential.
"""

from __future__ import annotations

from collections.abc import Iterator

from petitions.enums import Verb
from petitions.models import Contact, Event, Feedback
from petitions.models.digests import REPORT_COLUMNS, photos_digest, report_digest
from petitions.rules import contacts

CHUNK = 2_000


def check() -> dict[str, list[int]]:
    """Return for each row that differs from what was written, or is gone, the id of its case."""
    return {
        "report_altered": list(altered_reports()),
        "photos_altered": list(altered_photos()),
        "note_altered": list(altered_notes()),
        "feedback_altered": list(altered_feedback()),
        "confidentiality_altered": list(altered_confidentiality()),
    }


def altered_reports() -> Iterator[int]:
    """Yield the id of each case that says something else than what was filed."""
    columns = [f"petition__{name}" for name in REPORT_COLUMNS]
    events = Event.objects.filter(verb=Verb.FILE, data__has_key="report_digest").order_by()
    rows = (
        events.select_related("petition")
        .only("data", "petition_id", *columns)
        .iterator(chunk_size=CHUNK)
    )
    for row in rows:
        if report_digest(row.petition) != row.data["report_digest"]:
            yield row.petition_id


def altered_photos() -> Iterator[int]:
    """Yield the id of the case for each event with other photos than those that were added."""
    events = Event.objects.filter(data__has_key="photos_digest").prefetch_related("photos")
    rows = events.iterator(chunk_size=CHUNK)
    return (event.petition_id for event in rows if _has_other_photos(event))


def _has_other_photos(event: Event) -> bool:
    digest = photos_digest(event.photos.all(), event.petition_id, event.version)
    return digest != str(event.data["photos_digest"])


def altered_notes() -> Iterator[int]:
    """Yield the id of the case for each note that differs from what was written, or is gone."""
    events = Event.objects.filter(data__has_key="note_digest").select_related("note")
    rows = events.iterator(chunk_size=CHUNK)
    return (event.petition_id for event in rows if _has_other_note(event))


def _has_other_note(event: Event) -> bool:
    note = getattr(event, "note", None)
    return note is None or note.digest(event.version) != event.data["note_digest"]


def altered_feedback() -> Iterator[int]:
    """Yield the ids of cases whose newest feedback differs from what was written, or is gone."""
    events = Event.objects.filter(data__has_key="feedback_digest").order_by("petition", "version")
    written = dict(events.values_list("petition_id", "data__feedback_digest"))
    newest = {
        row.petition_id: row.digest()
        for row in Feedback.objects.order_by("petition", "round").iterator(chunk_size=CHUNK)
        if row.petition_id in written
    }
    return (pk for pk, digest in written.items() if newest.get(pk) != digest)


def altered_confidentiality() -> Iterator[int]:
    """Yield the id of the case for each contact marked otherwise than the resident wished.

    Rows of earlier releases, and those that no key decrypts, are left out.
    """
    rows = Contact.objects.select_related("petition")
    rows = rows.only("cipher", "key_id", "is_confidential", "petition__uuid")
    contact_rows = rows.iterator(chunk_size=CHUNK)
    return (row.petition_id for row in contact_rows if _is_marked_otherwise(row))


def _is_marked_otherwise(row: Contact) -> bool:
    stored = (row.petition.uuid, bytes(row.cipher), row.key_id)
    try:
        written = contacts.encrypted_confidentiality(*stored)
    except contacts.DecryptionFailed:
        return False
    return written is not None and written != row.is_confidential
