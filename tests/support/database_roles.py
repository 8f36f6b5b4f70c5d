"""The two database roles in tests.

Tests connect as the owner, but act as the application (`-c role=…`), so that a right that the
application lacks fails the test. `as_owner` changes back for a while, also inside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands import flush
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.lib.db import roles
from config.lib.db.append_only import ALLOW_TRUNCATE
from config.local import paths
from config.local.embedded import postgres

ACT_AS_APPLICATION = f" -c role={postgres.APPLICATION_ROLE}"
_flush = flush.Command.handle


@contextmanager
def as_owner(wrapper: BaseDatabaseWrapper = connection) -> Iterator[None]:
    """Act as the owner of the tables inside."""
    with wrapper.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        if wrapper.connection is not None and wrapper.is_usable():
            with wrapper.cursor() as cursor:
                cursor.execute("RESET ROLE")


def let_owner_act_as_application(at: paths.DataPaths) -> None:
    """Make the owner a member of the application's role, in the cluster of the tests only."""
    superuser = postgres.connect(at)
    with superuser.cursor() as cursor:
        cursor.execute(f"GRANT {postgres.APPLICATION_ROLE} TO {postgres.ROLE}")
    superuser.close()


def connect_as_owner() -> None:
    """Let later connections of this process act as the owner: to create and drop the database."""
    options = connection.settings_dict["OPTIONS"]
    options["options"] = options["options"].replace(ACT_AS_APPLICATION, "")
    connection.settings_dict.update(settings.OWNER_DATABASE)
    connection.close()


def act_as_application() -> None:
    """Let later connections of this process act as the application."""
    connection.settings_dict["OPTIONS"]["options"] += ACT_AS_APPLICATION
    connection.close()


@contextmanager
def connected_as_owner() -> Iterator[None]:
    """Let the connections inside act as the owner, also those of other threads."""
    connect_as_owner()
    try:
        yield
    finally:
        act_as_application()


def install() -> None:
    """Change the role where the product connects as another one, and where tables are emptied."""
    roles.as_owner = as_owner  # type: ignore[assignment]  # the test keeps its transaction
    flush.Command.handle = _flush_as_owner  # type: ignore[method-assign]  # as above


def _flush_as_owner(command: flush.Command, **options: Any) -> None:
    """Empty the tables after a test with real transactions, append-only ones included."""
    wrapper = connections[options["database"]]
    with as_owner(wrapper):
        with wrapper.cursor() as cursor:
            cursor.execute(ALLOW_TRUNCATE.replace("LOCAL", "SESSION"))
        _flush(command, **options)
        with wrapper.cursor() as cursor:
            cursor.execute("RESET zhaozhibu.allow_truncate")
