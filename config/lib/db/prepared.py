"""Questions asked with every request: the server reads and plans each once for every line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.lib.db.postgres.base import TimedConnection

# A line and its server disagree on what is planned: no statement of that name, or one already.
_AT_ODDS = frozenset({"26000", "42P05"})


class PreparedQuery:
    """A question that is planned once for each line to the server, however often it is asked.

    Worth it where planning costs more than looking. The columns it answers with say their kind
    themselves (`::varchar`): a line would refuse one whose kind has changed since.
    """

    def __init__(self, name: str, kinds: str, text: Callable[[], str]) -> None:
        """`kinds` are those of the values `$1`, `$2` …; `text` is put together when first asked."""
        self.name, self._kinds, self._text = name, kinds, text

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Ask, and return all rows. A line at odds with its server is replaced, else given up."""
        line = connections[DEFAULT_DB_ALIAS]
        try:
            return self._asked(line, values)
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) not in _AT_ODDS:
                raise
            line.connection.close()
            if line.in_atomic_block:
                raise OperationalError("what the line has planned is not known") from error
        line.close()
        return self._asked(line, values)

    def _asked(self, line: BaseDatabaseWrapper, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        slots = ", ".join(["%s"] * len(values))
        with line.cursor() as cursor:  # a line that has died meanwhile is replaced here
            self._plan(line)
            cursor.execute(f"EXECUTE {self.name} ({slots})", values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _plan(self, line: BaseDatabaseWrapper) -> None:
        """Let the line's server plan the question, unless it has."""
        driver: TimedConnection = line.connection
        if self.name in driver.prepared:
            return
        with line.wrap_database_errors, driver.cursor() as cursor:
            cursor.execute(f"PREPARE {self.name} ({self._kinds}) AS {self._text()}")
        driver.prepared.add(self.name)
