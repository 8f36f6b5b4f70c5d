"""Conditions on the deadline of a case; a list filters by the ones that its counter counts by."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from petitions.states import RUNNING


def is_overdue(now: dt.datetime) -> Q:
    """Condition: the case is running and a deadline of the handling side has passed."""
    return Q(status__in=RUNNING, due_at__lte=now)


def is_due_soon(now: dt.datetime) -> Q:
    """Condition: the case is running and a deadline is not past, but 80 % of its time are used."""
    return Q(status__in=RUNNING, soon_at__lte=now, due_at__gt=now)
