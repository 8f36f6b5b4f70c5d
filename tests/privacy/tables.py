"""Reads every column of every table as text, and looks in it for what must not be there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from django.db import connection
from psycopg2 import extensions

COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, 2"""
ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s")


def columns(on: extensions.connection) -> Iterator[tuple[str, bytes]]:
    """Return each column with everything in it, bytes as bytes."""
    with on.cursor() as cursor:
        cursor.execute(COLUMNS)
        for table, column, kind in cursor.fetchall():
            read = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
            cursor.execute(f'SELECT {read} FROM "{table}"')
            content = b"\n".join(bytes(row[0] or b"") for row in cursor.fetchall())
            yield f"{table}.{column}", content


def digests(value: str) -> set[str]:
    """Return every plain digest of a value, in the ways it may be written."""
    found = set()
    for written in {value, re.sub(r"\D", "", value)}:
        for name in ALGORITHMS:
            made = hashlib.new(name, written.encode())
            found |= {made.hexdigest(), made.hexdigest()[:32]}
    return found


def plainly_kept(name: str, phone: str) -> list[str]:
    """Return the columns that hold a contact as it is, or a digest anybody could compute."""
    digits = re.sub(r"\D", "", phone)
    wanted = {name, phone, digits, digits[-8:]} | digests(phone) | digests(digits[-4:])
    # What identifies a case is in the database, so a digest over both could be tried out as well.
    needles = [one.encode() for one in wanted]
    return [
        where
        for where, content in columns(connection.connection)
        if any(needle in content or _raw(needle) in content for needle in needles)
    ]


def _raw(needle: bytes) -> bytes:
    """Return a digest as bytes, as a column of bytes would hold it."""
    try:
        found = bytes.fromhex(needle.decode())
    except ValueError:
        return needle
    return found if len(found) >= 16 else needle
