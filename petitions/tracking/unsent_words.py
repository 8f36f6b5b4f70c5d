"""What a resident typed and could not send, stored until it is sent: late, refused or invalid.

It is stored in the session of the browser, with the case that the browser tracked, and shown for
that case alone. Contact details are not stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.sessions.backends.base import SessionBase

from petitions.web.session_keys import TRACKED, UNSENT

REASON_FIELDS = ("reason", "reopen_reason")
FIELDS = (*REASON_FIELDS, "rating")
"""Fields of the forms on the tracking page in which a resident types or chooses."""

MAX_LENGTH = 4000  # above the limit of every field, so that the page can say what is too long


def store(session: SessionBase, sent: Mapping[str, str]) -> bool:
    """Store the typed fields of a form for the case that was tracked; tell whether any were.

    A form with a box for words replaces the words stored before, which stood in that box.
    """
    tracked = session.get(TRACKED)
    typed = {name: sent[name][:MAX_LENGTH] for name in FIELDS if sent.get(name, "").strip()}
    if not tracked or tracked[1]:  # a resident who only joined sends nothing
        return False
    has_box = any(name in sent for name in REASON_FIELDS)
    before = {} if has_box else of_case(session, tracked[0])
    if before | typed:
        session[UNSENT] = [tracked[0], before | typed]
    elif has_box:
        drop(session)
    return bool(typed)


def of_case(session: SessionBase, petition_id: int) -> dict[str, str]:
    """Return what was typed about a case and not sent, by field."""
    stored_id, typed = session.get(UNSENT) or (None, {})
    return dict(typed) if stored_id == petition_id else {}


def drop(session: SessionBase, *, except_of: int | None = None) -> None:
    """Delete what is stored, unless it is about the case `except_of`."""
    if UNSENT in session and session[UNSENT][0] != except_of:
        del session[UNSENT]
