"""In-process caches of register tables, keyed by the version of the registers.

Database triggers increment the version (`branches_edition.number`) with each change of places,
organisations, responsibilities, calendars, categories, service standards and privacy notices. The
number comes from a sequence, so a version that was rolled back is never used again. The table
has no model; its migration belongs to `branches`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from django.db import connection

Content = TypeVar("Content")

MAX_AGE = 60.0
"""Seconds for which a process trusts the version it read last."""


class _Process:
    """The version this process read last, and when (monotonic clock)."""

    version: int | None = None
    read_at = 0.0


def read_version() -> int:
    """Return the present version of the registers. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM branches_edition")
        version: int = cursor.fetchone()[0]
    note_version(version)
    return version


def note_version(version: int) -> None:
    """Take over a version that another query has just read (the scope of a user contains it)."""
    _Process.version, _Process.read_at = version, time.monotonic()


def current_version() -> int:
    """Return the version this process knows; at most one query in `MAX_AGE` seconds."""
    version = _Process.version
    if version is None or time.monotonic() - _Process.read_at > MAX_AGE:
        return read_version()
    return version


def forget_version() -> None:
    """Read the version again at the next use, after this process changed a register."""
    _Process.version = None


class RegisterCache(Generic[Content]):
    """What was read from register tables, for one version of the registers.

    Threads may each read anew when the version changes; the last one wins. Callers share the
    content and must not modify it.
    """

    def __init__(self, read: Callable[[], Content]) -> None:
        """`read` returns the content; it is called once for each version."""
        self._read = read
        self._entry: tuple[Hashable, Content] | None = None

    def get(self, version: int | None = None, key: Hashable = None) -> Content:
        """Return the content for a version (by default the current one) and a further key."""
        wanted = (current_version() if version is None else version, key)
        entry = self._entry
        if entry is None or entry[0] != wanted:
            entry = self._entry = (wanted, self._read())
        return entry[1]

    def clear(self) -> None:
        """Drop the content."""
        self._entry = None
