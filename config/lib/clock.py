"""What time it is: the database's clock decides, whatever the machine of this process believes."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

TOLERANCE = dt.timedelta(milliseconds=500)  # less than this is the way the answer took, no error
_ahead = dt.timedelta()


def now() -> dt.datetime:
    """Return the instant by the database's clock, as it was heard last on any line to it."""
    return timezone.now() + _ahead


def synchronise(theirs: dt.datetime) -> None:
    """Note what the database's clock says now."""
    global _ahead  # noqa: PLW0603 - one clock for the whole process
    ahead = theirs - timezone.now()
    _ahead = ahead if abs(ahead) > TOLERANCE else dt.timedelta()
