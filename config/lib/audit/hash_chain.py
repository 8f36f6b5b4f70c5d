"""Hash chain over an append-only table: which rows there were, and what they contained.

A worker appends blocks. A block covers all ids up to `last_id` that the block before does not
cover, lists id and digest of every row among them, and is signed together with the signature of
that block. So a row that is altered, missing or added later, and a missing block, are noticed.

No transaction that writes rows waits for the chain. A block may only cover ids that no transaction
in progress can still insert: `settled_id` waits for those that have the table open for writing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from django.db import connection
from psycopg2 import sql

from config.lib.audit import signatures

BLOCK_ROWS = 1000
WRITER_TIMEOUT = 2.0  # seconds to wait for the transactions that may still insert lower ids
POLL_INTERVAL = 0.02
_ENTRY = struct.Struct(">q32s")  # id and SHA-256 of a row

_WRITERS_SQL = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = %s::regclass AND locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid <> pg_backend_pid()"""


class SignedRow(Protocol):
    """A row of an append-only table."""

    pk: int
    signature: bytes | memoryview | None

    def signed_values(self) -> list[object]:
        """Return the values that the signature covers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a block says about one row."""

    id: int
    digest: bytes


def digest(row: SignedRow) -> bytes:
    """Return the digest of a row: of its id, its signature and all that the signature covers."""
    values = [row.pk, row.signature, *row.signed_values()]
    return hashlib.sha256(signatures.canonical(values)).digest()


def pack(rows: Iterable[SignedRow]) -> bytes:
    """Return the entries of rows as a block stores them."""
    return b"".join(_ENTRY.pack(row.pk, digest(row)) for row in rows)


def unpack(entries: bytes) -> Iterator[Entry]:
    """Yield the entries of a block; bytes that are no whole entry are left out."""
    whole = len(entries) - len(entries) % _ENTRY.size
    for row_id, row_digest in _ENTRY.iter_unpack(entries[:whole]):
        yield Entry(row_id, row_digest)


def settled_id(table: str) -> int | None:
    """Return an id up to which, itself included, no transaction can insert a row any more.

    None while a transaction that may do so runs longer than `WRITER_TIMEOUT`. An id is drawn while
    its transaction holds the lock of a writer, so it is enough to wait for today's writers.
    """
    with connection.cursor() as cursor:
        statement = sql.SQL("SELECT coalesce(max(id), 0) FROM {}")
        cursor.execute(statement.format(sql.Identifier(table)))
        highest = int(cursor.fetchone()[0])
        cursor.execute(_WRITERS_SQL, [table])
        writers = set(cursor.fetchall())
        until = time.monotonic() + WRITER_TIMEOUT
        while writers:
            if time.monotonic() > until:
                return None
            time.sleep(POLL_INTERVAL)
            cursor.execute(_WRITERS_SQL, [table])
            writers &= set(cursor.fetchall())
    return highest


class StoredBlock(Protocol):
    """A block as it is stored."""

    number: int
    last_id: int
    previous: bytes | memoryview
    signature: bytes | memoryview | None
    appended_at: dt.datetime


def is_after(block: StoredBlock, before: StoredBlock | None) -> bool:
    """Return whether a block follows the one before; the first block of a table has number 0."""
    if before is None:
        return block.number == 0 and not bytes(block.previous)
    is_next = block.number == before.number + 1 and block.last_id >= before.last_id
    return is_next and bytes(block.previous) == bytes(before.signature or b"")


def are_in_order(entries: Iterable[Entry]) -> bool:
    """Return whether the ids of entries rise."""
    return all(first.id < second.id for first, second in pairwise(entries))
