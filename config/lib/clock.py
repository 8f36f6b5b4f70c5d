"""The current time by the database's clock, whatever the clock of this machine says."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

TOLERANCE = dt.timedelta(milliseconds=500)  # smaller differences are network latency


class DatabaseClock:
    """The offset of the database's clock from this machine's, one per process."""

    def __init__(self) -> None:
        self.offset = dt.timedelta()

    def synchronise(self, database_time: dt.datetime) -> None:
        """Store the offset, given the database's current time."""
        offset = database_time - timezone.now()
        self.offset = offset if abs(offset) > TOLERANCE else dt.timedelta()

    def now(self) -> dt.datetime:
        """Return the current time by the database's clock, as of the last synchronisation."""
        return timezone.now() + self.offset


_clock = DatabaseClock()
now = _clock.now
synchronise = _clock.synchronise
