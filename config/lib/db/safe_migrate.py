"""Migrations use a short lock timeout and retry, so that they can run while the site is in use.

A statement that needs a table queues behind a migration that waits for a lock on it. So a migration
waits for half a second at most, rolls back and retries later.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management.base import CommandError
from django.db import OperationalError, migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint

LOCK_WAIT = "500ms"
RETRY_FOR = 15 * 60.0  # seconds; a full backup holds its locks for as long
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)
LOCK_ERRORS = {"55P03", "40P01"}  # lock not available, deadlock
ADVISORY_LOCK_ID = 20_261_125  # held by the migrating process; the others wait for it

Say = Callable[[str], object]


def migrate_with_retries(
    connection: BaseDatabaseWrapper, step: Callable[[], None], say: Say
) -> None:
    """Run `step`, and run it again until it gets its locks; one process migrates at a time.

    The step must be able to continue after a rollback. Raises CommandError when the tables stay
    locked for `RETRY_FOR` seconds.
    """
    until = time.monotonic() + RETRY_FOR
    delays = itertools.chain(RETRY_DELAYS, itertools.repeat(RETRY_DELAYS[-1]))
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
                        "The tables stayed in use; no migration is half applied. Look for a "
                        "transaction that does not end (pg_stat_activity), then migrate again."
                    ) from error
            delay = next(delays)
            say(f"\n  A table is in use; retrying in {delay:g} s.")
            time.sleep(delay)


@contextmanager
def _with_lock_timeout(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Set a short lock timeout and no statement timeout for this connection."""
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
    """Hold the advisory lock of migrations.

    It polls instead of waiting inside one statement: CREATE INDEX CONCURRENTLY in the other process
    waits for every running statement, and would wait for this one.
    """
    is_waiting = False
    while not _query(connection, "SELECT pg_try_advisory_lock(%s)"):
        if not is_waiting:
            say("Another process is migrating; waiting for it.")
        is_waiting = True
        time.sleep(1)
    try:
        yield
    finally:
        if connection.is_usable():
            _query(connection, "SELECT pg_advisory_unlock(%s)")


def _query(connection: BaseDatabaseWrapper, sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [ADVISORY_LOCK_ID])
        return bool(cursor.fetchone()[0])


class AddIndexConcurrentlyWithRetry(AddIndexConcurrently):
    """Add an index while its table is read and written; the only operation of its migration.

    An interrupted build leaves an invalid index, which the next attempt drops first.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Drop the invalid index of an interrupted attempt, then build."""
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute("SET lock_timeout = 0")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute(f"SET lock_timeout = '{LOCK_WAIT}'")


def refuse_rows(query: str, advice: str) -> migrations.RunPython:
    """Return an operation that fails with `advice` if a query finds rows, and lists them.

    It stands before an operation that adds a constraint, which would only name the constraint.
    """

    def check(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(query)
            rows = cursor.fetchall()
        if rows:
            lines = ("  " + " ".join(map(str, row)) for row in rows)
            raise CommandError("\n".join([advice, *lines]))

    return migrations.RunPython(check, migrations.RunPython.noop)


class AddUniqueConstraintConcurrentlyWithRetry(AddConstraint):
    """Add a unique constraint with a condition, which is an index, while its table is in use.

    The only operation of its migration. An interrupted build leaves an invalid index, which the
    next attempt drops first.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        _from_state: Any,
        to_state: Any,
    ) -> None:
        """Drop the invalid index of an interrupted attempt, then build."""
        model = to_state.apps.get_model(app_label, self.model_name)
        sql = str(self.constraint.create_sql(model, schema_editor))
        name = schema_editor.quote_name(self.constraint.name)
        schema_editor.execute("SET lock_timeout = 0")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        schema_editor.execute(sql.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))
        schema_editor.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
