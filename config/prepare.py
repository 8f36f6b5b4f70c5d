"""Brings the database of a demonstration run up to date and greets whoever started it."""

from pathlib import Path

import django
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

_MARK = "sample loaded"


def database() -> None:
    """Migrate, and load the sample once in the life of this database."""
    django.setup()
    if _has_pending_migrations():  # the command itself takes seconds even when there are none
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    if "load_sample" in get_commands() and not _is_marked():
        print("Loading the sample; this happens once ...", flush=True)
        call_command("load_sample")
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {_name()} IS '{_MARK}'")
    connection.close()


def greet(address: str, logs: Path) -> None:
    """Print where the site is and who can log in."""
    print(f"\n找支部 is running at {address}", flush=True)
    if "demo_logins" in get_commands():
        call_command("demo_logins")
        connection.close()
    print(f"Logs are in {logs}. Ctrl-C stops everything.\n", flush=True)


def _has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_marked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        row = cursor.fetchone()
    return bool(row) and row[0] == _MARK


def _name() -> str:
    return connection.ops.quote_name(str(connection.settings_dict["NAME"]))
