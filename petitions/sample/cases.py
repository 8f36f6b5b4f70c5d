"""A believable year of cases, written in bulk; a second time changes nothing."""

from __future__ import annotations

import datetime as dt


def load(now: dt.datetime) -> None:
    """Write the cases of the year up to `now`, unless sample cases are there already."""
