"""Migrates while people work: a migration never queues for long, it lets others pass and retries.

Whoever asks for a table while a migration waits for it stands behind the migration. So it waits
half a second at most, gives up what it has begun and comes again a little later.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management.base import CommandError
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LOCK_WAIT = "500ms"
RETRY_FOR = 15 * 60.0  # seconds; a backup of everything reads its tables for as long
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)
LOCK_ERRORS = {"55P03", "40P01"}  # lock not available, deadlock
ADVISORY_LOCK_ID = 20_261_125  # the number under which one migrates and others wait

Say = Callable[[str], object]


def migrate_with_retries(
    connection: BaseDatabaseWrapper, step: Callable[[], None], say: Say
) -> None:
    """Do a step that needs tables which others use; again and again until it gets through.

    The step must begin where it was interrupted: what was done is noted, the rest was undone.
    One migrates at a time. Raises CommandError when the tables have not been free for long.
    """
    until = time.monotonic() + RETRY_FOR
    pauses = itertools.chain(RETRY_DELAYS, itertools.repeat(RETRY_DELAYS[-1]))
    with _with_lock_timeout(connection), _advisory_lock(connection, say):
        while True:
            try:
                step()
                return
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", "") not in LOCK_ERRORS:
                    raise
                if time.monotonic() > until:
                    raise CommandError(
                        "The tables were in use all the time: nothing is half done. Look for a "
                        "transaction that does not end (pg_stat_activity), then migrate again."
                    ) from error
            pause = next(pauses)
            say(f"\n  A table is in use; letting others pass, again in {pause:g} s.")
            time.sleep(pause)


@contextmanager
def _with_lock_timeout(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait briefly for tables, but take as long as need be once they are ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
        cursor.execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute("RESET statement_timeout")


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, say: Say) -> Iterator[None]:
    """Let one migrate at a time. Asked again rather than waited for: an index that is built
    meanwhile waits for every statement under way, and so would wait for ours.
    """
    asked = 0
    while not _ask(connection, "SELECT pg_try_advisory_lock(%s)"):
        if not asked:
            say("Somebody else is migrating; waiting for that.")
        asked += 1
        time.sleep(1)
    try:
        yield
    finally:
        if connection.is_usable():
            _ask(connection, "SELECT pg_advisory_unlock(%s)")


def _ask(connection: BaseDatabaseWrapper, question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [ADVISORY_LOCK_ID])
        return bool(cursor.fetchone()[0])


class AddIndexConcurrentlyWithRetry(AddIndexConcurrently):
    """Add an index while its table is read and written; the only operation of its migration.

    It waits for transactions that are under way, and nobody waits for it. One that was broken off
    leaves an index that is of no use; it is removed first, so that it can be repeated.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Remove what an interrupted attempt has left, then build."""
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute("SET lock_timeout = 0")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
