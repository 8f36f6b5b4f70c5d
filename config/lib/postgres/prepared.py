"""Questions asked with every request: the server reads and plans each once for every line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from config.lib.postgres.base import Line


class Prepared:
    """A question that is planned once for each line to the server, however often it is asked.

    Worth it where planning costs more than looking. The columns it answers with say their kind
    themselves (`::varchar`): a line would refuse one whose kind has changed since.
    """

    def __init__(self, name: str, kinds: str, text: Callable[[], str]) -> None:
        """`kinds` are those of the values `$1`, `$2` …; `text` is put together when first asked."""
        self.name, self._kinds, self._text = name, kinds, text

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Ask, and return all rows."""
        line = connections[DEFAULT_DB_ALIAS]
        line.ensure_connection()
        driver: Line = line.connection
        if self.name not in driver.prepared:
            with line.wrap_database_errors, driver.cursor() as cursor:
                cursor.execute(f"PREPARE {self.name} ({self._kinds}) AS {self._text()}")
            driver.prepared.add(self.name)
        slots = ", ".join(["%s"] * len(values))
        with line.cursor() as cursor:
            cursor.execute(f"EXECUTE {self.name} ({slots})", values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
