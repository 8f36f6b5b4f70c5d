"""Finds a case by its tracking code, with the same work whether or not there is one."""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from dataclasses import dataclass

from petitions import guesses, tracking
from petitions.models import MeToo, Petition

NOBODY = uuid.UUID(int=0)
SHARED = 3  # characters of its hash that a code which leads nowhere is counted under


@dataclass(frozen=True, slots=True)
class Tracked:
    """A case somebody may follow; `is_joined` for those who only joined it ("me too")."""

    petition_id: int
    is_joined: bool


def find(code: str, digits: str, now: dt.datetime) -> Tracked | None:
    """Return the case of a code; the filer's code needs the last four digits of the phone left.

    Without a phone on file the code alone does, and so does the code of somebody who joined. After
    ten wrong tries in a day a code that needs digits leads nowhere until the day (UTC) ends. The
    same queries, the same count and the same three keyed hashes are made for a right code, a wrong
    code and wrong digits, and hashes are compared in constant time (P9).
    """
    hashed = tracking.code_hash(code)
    case = Petition.objects.select_related("contact").filter(tracking_hash=hashed).first()
    joined = MeToo.objects.filter(tracking_hash=hashed).first()
    may_try = _count(hashed, is_known=case is not None, now=now)
    contact = getattr(case, "contact", None)
    case_uuid = case.uuid if case else NOBODY
    no_phone = tracking.last4_hash(case_uuid, "")
    expected = contact.last4_hash if contact else no_phone
    matches = hmac.compare_digest(expected, tracking.last4_hash(case_uuid, digits))
    is_anonymous = hmac.compare_digest(expected, no_phone)
    if case is not None and (is_anonymous or (matches and may_try)):
        if may_try:
            guesses.give_back(guesses.DIGITS, hashed, now)
        return Tracked(case.pk, is_joined=False)
    return Tracked(joined.petition_id, is_joined=True) if joined else None


def _count(hashed: str, *, is_known: bool, now: dt.datetime) -> bool:
    """Count a try on a code before its digits are looked at; False when its day is used up.

    Codes that lead nowhere share a few thousand counters, so that guessing them fills no table.
    """
    rule, counted = (guesses.DIGITS, hashed) if is_known else (guesses.NOTHING, hashed[:SHARED])
    try:
        guesses.take(rule, counted, now)
    except guesses.TooMany:
        return False
    return True
