"""The lines of the security log that an act left."""

from __future__ import annotations

from members.models import SecurityEvent
from members.security_log import wording


def last_line() -> int:
    """Return the id of the newest line: the mark before an act."""
    return SecurityEvent.objects.latest("id").pk


def lines(mark: int) -> list[wording.LogLine]:
    """Return the lines since the mark in words, oldest first."""
    return wording.lines(SecurityEvent.objects.filter(pk__gt=mark).order_by("id"))
