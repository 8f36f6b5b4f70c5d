"""Finds a case by its tracking code, with the same work whether or not there is one."""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from dataclasses import dataclass

from petitions.models import MeToo, Petition
from petitions.rules import rate_limits, tracking_codes

NIL_UUID = uuid.UUID(int=0)
PREFIX_LENGTH = 3  # characters of its hash that a code which leads nowhere is counted under


@dataclass(frozen=True, slots=True)
class TrackedCase:
    """A case somebody may follow; `is_joined` for those who only joined it ("me too")."""

    petition_id: int
    is_joined: bool


def find(code: str, digits: str, now: dt.datetime) -> TrackedCase | None:
    """Return the case of a code; the filer's code needs the last four digits of the phone left.

    Without a phone on file the code alone does, and so does the code of somebody who joined. After
    ten wrong tries in a day a code that needs digits leads nowhere until the day (UTC) ends. The
    same queries, the same count and the same three keyed hashes are made for a right code, a wrong
    code and wrong digits, and hashes are compared in constant time (P9).
    """
    hashed = tracking_codes.code_hash(code)
    case = Petition.objects.select_related("contact").filter(tracking_hash=hashed).first()
    joined = MeToo.objects.filter(tracking_hash=hashed).first()
    may_try = _count(hashed, is_known=case is not None, now=now)
    contact = getattr(case, "contact", None)
    case_uuid = case.uuid if case else NIL_UUID
    no_phone = tracking_codes.last4_hash(case_uuid, "")
    expected = contact.last4_hash if contact else no_phone
    matches = hmac.compare_digest(expected, tracking_codes.last4_hash(case_uuid, digits))
    is_anonymous = hmac.compare_digest(expected, no_phone)
    if case is not None and (is_anonymous or (matches and may_try)):
        if may_try:
            rate_limits.release(rate_limits.DIGITS, hashed, now)
        return TrackedCase(case.pk, is_joined=False)
    return TrackedCase(joined.petition_id, is_joined=True) if joined else None


def _count(hashed: str, *, is_known: bool, now: dt.datetime) -> bool:
    """Count a try on a code before its digits are looked at; False when its day is used up.

    Codes that lead nowhere share a few thousand counters, so that guessing them fills no table.
    """
    rule, counted = (
        (rate_limits.DIGITS, hashed)
        if is_known
        else (rate_limits.UNLIMITED, hashed[:PREFIX_LENGTH])
    )
    try:
        rate_limits.hit(rule, counted, now)
    except rate_limits.RateLimited:
        return False
    return True
