"""Checks that notes and feedback are as the signed events say that were written with them."""

from __future__ import annotations

from petitions.models import Event, Feedback

CHUNK = 2_000


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
