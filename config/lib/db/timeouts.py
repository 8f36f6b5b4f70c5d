"""Disable the statement and read timeouts for maintenance queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def without_timeouts() -> Iterator[None]:
    """Disable both timeouts of this thread's connection; restore them at the end.

    For management commands, never for requests.
    """
    connection.ensure_connection()
    driver_connection: Any = connection.connection
    read_timeout = getattr(driver_connection, "read_timeout", None)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (statement_timeout,) = cursor.fetchone()
            cursor.execute("SET statement_timeout = 0")
            driver_connection.read_timeout = None
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [statement_timeout])
    finally:
        driver_connection.read_timeout = read_timeout
