"""Prepared statements: the server parses and plans a query once per connection.

Bars: the queue and case pages and filing by API (planning the scope query takes three times as long
as running it). Delete this module when psycopg 3 is used: it prepares repeated queries by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.lib.db.postgres.base import TimedConnection

# Client and server disagree: no prepared statement of that name, or there is one already; or a
# migration has changed the type of a column since.
_PREPARED_STATEMENT_ERRORS = frozenset({"26000", "42P05", "0A000"})


class PreparedQuery:
    """A query that each connection prepares at its first use.

    Worth it where planning takes longer than running. The SQL text must cast its result columns
    (`::varchar`), because PostgreSQL refuses a prepared statement whose result types have changed.
    """

    def __init__(self, name: str, types: str, text: Callable[[], str]) -> None:
        """`types`: the SQL types of `$1`, `$2` ...; `text` returns the SQL, called at first use."""
        self.name, self._types, self._text = name, types, text

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Run the query and return all rows.

        When the server lost the prepared statement, the connection is replaced and the query run
        again; inside a transaction OperationalError is raised instead.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        try:
            return self._execute(connection, values)
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) not in _PREPARED_STATEMENT_ERRORS:
                raise
            connection.connection.close()
            if connection.in_atomic_block:
                raise OperationalError("the prepared statement is missing") from error
        connection.close()
        return self._execute(connection, values)

    def _execute(
        self, connection: BaseDatabaseWrapper, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        slots = ", ".join(["%s"] * len(values))
        with connection.cursor() as cursor:  # reconnects when the connection has died
            self._prepare(connection)
            cursor.execute(f"EXECUTE {self.name} ({slots})", values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _prepare(self, connection: BaseDatabaseWrapper) -> None:
        """Prepare the statement on this connection unless it has been prepared."""
        driver_connection: TimedConnection = connection.connection
        if self.name in driver_connection.prepared:
            return
        with connection.wrap_database_errors, driver_connection.cursor() as cursor:
            cursor.execute(f"PREPARE {self.name} ({self._types}) AS {self._text()}")
        driver_connection.prepared.add(self.name)
