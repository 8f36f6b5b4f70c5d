"""Lets questions put to the whole database take as long as they take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def without_timeouts() -> Iterator[None]:
    """Lift this thread's limits on a statement and on silence; for operators, never for requests.

    They are put back at the end.
    """
    connection.ensure_connection()
    line: Any = connection.connection
    usual = getattr(line, "patience", None)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (limit,) = cursor.fetchone()
            cursor.execute("SET statement_timeout = 0")
            line.patience = None
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [limit])
    finally:
        line.patience = usual
