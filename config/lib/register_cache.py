"""In-process caches of register tables, keyed by the version of the registers.

Database triggers increment the version (`branches_edition.number`) with each change of places,
organisations, responsibilities, posts, locked accounts, calendars, categories, service standards
and privacy notices. The number comes from a sequence, so a version that was rolled back is never
used again. The table has no model; its migration belongs to `branches`.

A version read in a transaction may be uncommitted. The other threads learn it when the transaction
commits: earlier they would store rows they still see under a version that is about to be valid.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from django.db import connection, transaction

Content = TypeVar("Content")

MAX_AGE = 60.0
"""Seconds for which a process trusts the version it read last."""


class _Process:
    """The committed version this process read last, and when (monotonic clock)."""

    version: int | None = None
    read_at = 0.0


def read_version() -> int:
    """Return the present version of the registers. One query."""
    read_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM branches_edition")
        version: int = cursor.fetchone()[0]
    _take_over(version, read_at)
    return version


def note_version(version: int) -> None:
    """Take over a version that another query has just read (the scope of a user contains it)."""
    _take_over(version, time.monotonic())


def current_version() -> int:
    """Return the version this process knows; at most one query in `MAX_AGE` seconds."""
    version = _Process.version
    if version is None or time.monotonic() - _Process.read_at > MAX_AGE:
        return read_version()
    return version


def forget_version() -> None:
    """Read the version again at the next use, after this process changed a register.

    In a transaction also after the commit: until then other threads read the earlier version.
    """
    _forget()
    if connection.in_atomic_block:
        transaction.on_commit(_forget)


def _take_over(version: int, read_at: float) -> None:
    """Publish a version to all threads; in a transaction, one new to them at the commit."""
    if version == _Process.version:
        _publish(version, read_at)
    else:
        _when_committed(partial(_publish, version, read_at))


def _publish(version: int, read_at: float) -> None:
    """Let all threads use a version, unless they have read or forgotten one since `read_at`."""
    if read_at >= _Process.read_at:
        _Process.version, _Process.read_at = version, read_at


def _forget() -> None:
    _Process.version, _Process.read_at = None, time.monotonic()


def _when_committed(action: Callable[[], None]) -> None:
    """Run an action at the commit of the present transaction; at once outside of one."""
    if connection.in_atomic_block:
        transaction.on_commit(action)
    else:
        action()


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
