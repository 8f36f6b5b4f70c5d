"""The way from the first release to now: its migrations, and the code that was before each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tests.support.db_connections import terminate_connections

# What the first release had made. Its tables were empty when these ran; later ones find them full.
BASELINE = {
    "grids": "0003_calendar",
    "branches": "0002_mobile_rooms",
    "members": "0006_digest_index",
    "petitions": "0005_event_time",
}


def later(loader: MigrationLoader) -> list[Migration]:
    """Return our migrations since the first release, in the order in which they run."""
    before = {
        key
        for app, name in BASELINE.items()
        for key in loader.graph.forwards_plan((app, name))
        if key[0] in BASELINE
    }
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return [loader.graph.nodes[key] for key in plan if key[0] in BASELINE and key not in before]


def back_to_the_first_release() -> None:
    """Take the tables back to what the first release had; the rows stay."""
    for app, name in reversed(BASELINE.items()):
        call_command("migrate", app, name, verbosity=0, interactive=False)


def what_old_code_cannot_do(loader: MigrationLoader, migration: Migration) -> list[str]:
    """Let the code before a migration read and write the tables after it; return what fails.

    A row that is there already is inserted again, by the old code's columns: the database checks
    it in full and then finds that it has it.
    """
    before = loader.project_state((migration.app_label, migration.name), at_end=False).apps
    wrong = []
    for model in before.get_models(include_auto_created=True):
        if model._meta.app_label not in BASELINE:
            continue
        try:
            with transaction.atomic():
                row = model._default_manager.order_by("pk").first()
                if row is not None:
                    model._default_manager.bulk_create([row], ignore_conflicts=True)
        except Error as error:
            wrong.append(f"{model._meta.db_table}: {type(error).__name__} {str(error)[:80]}")
    return wrong


def tables() -> list[str]:
    """Return our tables that have rows."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        found = []
        for name in names:
            if name.startswith(tuple(BASELINE)):
                cursor.execute(f'SELECT 1 FROM "{name}" LIMIT 1')
                found += [name] if cursor.fetchone() else []
    return found


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Let every new connection of ours go to another database of the same server."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def a_copy(name: str, of: str) -> Iterator[None]:
    """Work in a copy of a database that nobody else uses; it is dropped afterwards."""
    quote = connection.ops.quote_name
    with pointed_at("postgres"):
        _command(f"DROP DATABASE IF EXISTS {quote(name)}")
        terminate_connections(of)
        _command(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(of)}")
    try:
        with pointed_at(name):
            yield
    finally:
        with pointed_at("postgres"):
            _command(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")


def _command(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql)


def session() -> Any:
    """Open a session of its own, as another process would."""
    made = connection.get_new_connection(connection.get_connection_params())
    made.autocommit = True
    return made
