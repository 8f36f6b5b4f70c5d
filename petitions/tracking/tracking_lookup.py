"""Look up a case by tracking code, with the same work whether or not the code exists."""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from dataclasses import dataclass

from petitions.models import MeToo, Petition
from petitions.rules import rate_limits, tracking_codes

NIL_UUID = uuid.UUID(int=0)
PREFIX_LENGTH = 3  # characters of the hash under which attempts on unknown codes are counted


@dataclass(frozen=True, slots=True)
class TrackedCase:
    """The case of a tracking code; `is_joined` if the code was given for a "me too".

    `has_given_phone`: the digits of the telephone number were asked for, and right.
    """

    petition_id: int
    is_joined: bool
    has_given_phone: bool = False


def find(code: str, digits: str, now: dt.datetime) -> TrackedCase | None:
    """Return the case of a code, None if code or digits are wrong.

    The petitioner's code needs the last four digits of the telephone number, if one was given;
    the code of a "me too" needs none. After ten wrong attempts in a day a code that needs digits
    is refused until the day (UTC) ends. A right code, a wrong code and wrong digits cause the same
    queries, the same count and the same three keyed hashes, and hashes are compared in constant
    time, so that response times do not reveal which codes exist.
    """
    hashed = tracking_codes.code_hash(code)
    petition = Petition.objects.select_related("contact").filter(tracking_hash=hashed).first()
    joined = MeToo.objects.filter(tracking_hash=hashed).first()
    may_try = _count_attempt(hashed, is_known=petition is not None, now=now)
    contact = getattr(petition, "contact", None)
    case_uuid = petition.uuid if petition else NIL_UUID
    no_phone = tracking_codes.last4_hash(case_uuid, "")
    expected = contact.last4_hash if contact else no_phone
    matches = hmac.compare_digest(expected, tracking_codes.last4_hash(case_uuid, digits))
    is_anonymous = hmac.compare_digest(expected, no_phone)
    if petition is not None and (is_anonymous or (matches and may_try)):
        if may_try:
            rate_limits.release(rate_limits.DIGITS, hashed, now)
        return TrackedCase(petition.pk, is_joined=False, has_given_phone=not is_anonymous)
    return TrackedCase(joined.petition_id, is_joined=True) if joined else None


def _count_attempt(hashed: str, *, is_known: bool, now: dt.datetime) -> bool:
    """Count an attempt on a code before its digits are compared; False at the daily limit.

    Unknown codes share a few thousand counters, so that guessing does not fill the table.
    """
    limit, bucket = (
        (rate_limits.DIGITS, hashed)
        if is_known
        else (rate_limits.UNLIMITED, hashed[:PREFIX_LENGTH])
    )
    try:
        rate_limits.hit(limit, bucket, now)
    except rate_limits.RateLimited:
        return False
    return True
