"""What a resident typed and could not send, stored until it is sent: late, refused or invalid.

It is stored in the session of the browser, with the case that the form was shown with, and shown
for that case alone. Contact details are not stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.sessions.backends.base import SessionBase

from petitions.web.session_keys import UNSENT

REASON_FIELDS = ("reason", "reopen_reason")
FIELDS = (*REASON_FIELDS, "rating")
"""Fields of the forms on the tracking page in which a resident types or chooses."""

MAX_LENGTH = 4000  # above the limit of every field, so that the page can say what is too long


def store(session: SessionBase, petition_id: int | None, sent: Mapping[str, str]) -> bool:
    """Store the typed fields of a form for its case; tell whether any were.

    A form with a box for words replaces the words stored before, which stood in that box. Nothing
    is stored if the case of the form is not known.
    """
    if petition_id is None:
        return False
    typed = {name: sent[name][:MAX_LENGTH] for name in FIELDS if sent.get(name, "").strip()}
    has_box = any(name in sent for name in REASON_FIELDS)
    before = {} if has_box else of_case(session, petition_id)
    if before | typed:
        session[UNSENT] = _stored(session) | {str(petition_id): before | typed}
    elif has_box:
        drop(session, petition_id)
    return bool(typed)


def of_case(session: SessionBase, petition_id: int) -> dict[str, str]:
    """Return what was typed about a case and not sent, by field."""
    return dict(_stored(session).get(str(petition_id), {}))


def drop(session: SessionBase, petition_id: int) -> None:
    """Delete what is stored about a case."""
    _replace(
        session, {key: typed for key, typed in _stored(session).items() if key != str(petition_id)}
    )


def keep_only(session: SessionBase, petition_id: int | None) -> None:
    """Delete what is stored about all cases but this one."""
    _replace(
        session, {key: typed for key, typed in _stored(session).items() if key == str(petition_id)}
    )


def _stored(session: SessionBase) -> dict[str, dict[str, str]]:
    """Return what is stored, by case; an earlier release stored a pair for one case."""
    stored = session.get(UNSENT) or {}
    return {str(stored[0]): stored[1]} if isinstance(stored, list) else dict(stored)


def _replace(session: SessionBase, stored: dict[str, dict[str, str]]) -> None:
    if stored:
        session[UNSENT] = stored
    else:
        session.pop(UNSENT, None)
