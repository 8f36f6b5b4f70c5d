"""Searches every column of every table, read as text."""

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
    """Yield each column with its content."""
    with on.cursor() as cursor:
        cursor.execute(COLUMNS)
        for table, column, kind in cursor.fetchall():
            read = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
            cursor.execute(f'SELECT {read} FROM "{table}"')
            content = b"\n".join(bytes(row[0] or b"") for row in cursor.fetchall())
            yield f"{table}.{column}", content


def digests(value: str) -> set[str]:
    """Return every plain digest of the spellings of a value."""
    spellings = set()
    for written in {value, re.sub(r"\D", "", value)}:
        for name in ALGORITHMS:
            digest = hashlib.new(name, written.encode())
            spellings |= {digest.hexdigest(), digest.hexdigest()[:32]}
    return spellings


def plainly_kept(name: str, phone: str) -> list[str]:
    """Return columns that contain contact details in plain form or as an unkeyed digest."""
    digits = re.sub(r"\D", "", phone)
    wanted = {name, phone, digits, digits[-8:]} | digests(phone) | digests(digits[-4:])
    # What identifies a case is in the database, so a digest over both could be tried out as well.
    needles = [value.encode() for value in wanted]
    return [
        where
        for where, content in columns(connection.connection)
        if any(needle in content or _raw(needle) in content for needle in needles)
    ]


def _raw(needle: bytes) -> bytes:
    """Return a hexadecimal digest as bytes."""
    try:
        raw = bytes.fromhex(needle.decode())
    except ValueError:
        return needle
    return raw if len(raw) >= 16 else needle
