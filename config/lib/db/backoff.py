"""When a row that could not go through is tried again: later each time, but never given up."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

FIRST_WAIT = dt.timedelta(seconds=10)
LONGEST_WAIT = dt.timedelta(hours=1)
MOST_DOUBLINGS = 9
MAX_ATTEMPTS_COUNTED = 30_000  # what a small integer column holds


def delay(attempts: int) -> dt.timedelta:
    """Return how long to wait after that many failures: 10 s, doubled each time; at most 1 h."""
    doubled: int = 2 ** min(max(attempts - 1, 0), MOST_DOUBLINGS)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def is_ready(now: dt.datetime) -> Q:
    """Condition: nothing failed with the row, or its wait is over."""
    return Q(retry_at=None) | Q(retry_at__lte=now)
