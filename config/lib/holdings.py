"""What a row still holds before it ends: open cases, responsibilities, messages and so on.

The setting `HOLDINGS` lists providers by kind of row (`post`, `user`, `organisation`,
`responsibility`, `place`). A provider gets the row and the day, and returns its holdings, so that a
lower app can preview what higher apps keep about its rows without importing them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Holding:
    """Something a row holds: a stable code, how many, and a sentence that says so.

    `blocks`: the row cannot end before. A sentence without a number has the count 0.
    """

    code: str
    count: int
    text: str
    blocks: bool = False


Provider = Callable[[Any, dt.date], Iterable[Holding]]


def of(kind: str, row: object, day: dt.date) -> list[Holding]:
    """Return what a row holds on `day`, in the order of the setting."""
    providers: list[Provider] = [import_string(path) for path in settings.HOLDINGS.get(kind, ())]
    return [holding for provider in providers for holding in provider(row, day)]


def digest(holdings: Iterable[Holding]) -> str:
    """Return a fingerprint of what they say: a preview shown earlier is still true if equal."""
    text = ";".join(f"{holding.code}={holding.text}" for holding in holdings)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
