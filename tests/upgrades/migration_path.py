"""The migrations since the first release, and the code before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tests.support.db_connections import terminate_connections

# The first release. Its migrations ran on empty tables; later ones run on full tables.
BASELINE = {
    "grids": "0003_calendar",
    "branches": "0002_mobile_rooms",
    "members": "0006_digest_index",
    "petitions": "0005_event_time",
}


def later(loader: MigrationLoader) -> list[Migration]:
    """Return the migrations since the first release, in their order."""
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


def revert_to_first_release() -> None:
    """Revert the schema to the first release; the rows stay."""
    for app, name in reversed(BASELINE.items()):
        call_command("migrate", app, name, verbosity=0, interactive=False)


def failures_of_old_code(loader: MigrationLoader, migration: Migration) -> list[str]:
    """Read and write the tables after a migration by the models before it; return the failures.

    An existing row is inserted again with the old columns: the database checks all constraints
    before it finds the conflict.
    """
    before = loader.project_state((migration.app_label, migration.name), at_end=False).apps
    failures = []
    for model in before.get_models(include_auto_created=True):
        if model._meta.app_label not in BASELINE:
            continue
        try:
            with transaction.atomic():
                row = model._default_manager.order_by("pk").first()
                if row is not None:
                    model._default_manager.bulk_create([row], ignore_conflicts=True)
        except Error as error:
            failures.append(f"{model._meta.db_table}: {type(error).__name__} {str(error)[:80]}")
    return failures


def tables() -> list[str]:
    """Return the tables of the product that have rows."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        filled = []
        for name in names:
            if name.startswith(tuple(BASELINE)):
                cursor.execute(f'SELECT 1 FROM "{name}" LIMIT 1')
                filled += [name] if cursor.fetchone() else []
    return filled


@contextmanager
def using_database(name: str) -> Iterator[None]:
    """Connect to another database of the same server."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def copied(name: str, of: str) -> Iterator[None]:
    """Use a copy of a database, which is dropped afterwards."""
    quote = connection.ops.quote_name
    with using_database("postgres"):
        _execute(f"DROP DATABASE IF EXISTS {quote(name)}")
        terminate_connections(of)
        _execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(of)}")
    try:
        with using_database(name):
            yield
    finally:
        with using_database("postgres"):
            _execute(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql)


def session() -> Any:
    """Open a separate driver connection."""
    driver_connection = connection.get_new_connection(connection.get_connection_params())
    driver_connection.autocommit = True
    return driver_connection
