"""Begins the hash chain of a table that already has rows; used by migrations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from psycopg2 import sql

from config.lib.audit import signatures

BLOCKS_TABLE = "members_chainblock"


def begin_chain(table: str) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    """Return a migration step: block 0 says up to which id the rows have no signature.

    An empty table gets none: all its rows will be signed.
    """

    def step(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        block_class = apps.get_model("members", "ChainBlock")
        statement = sql.SQL("SELECT max(id), clock_timestamp() FROM {}")
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(statement.format(sql.Identifier(table)))
            highest, now = cursor.fetchone()
        if highest is not None and not block_class.objects.filter(table=table).exists():
            block_class.objects.create(
                table=table,
                number=0,
                legacy_id=highest,
                appended_at=now,
                signature=sign_block(table, highest, now),
            )

    return step


def sign_block(table: str, legacy_id: int, now: dt.datetime) -> bytes:
    """Return the signature of block 0, as `ChainBlock.sign` computes it."""
    return signatures.sign(BLOCKS_TABLE, [table, 0, 0, legacy_id, b"", b"", now])
