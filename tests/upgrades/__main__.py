"""Run every migration since the first release under load, and measure how long requests wait.

`python -m tests.upgrades [--cases 100000] [--hold 4]`, in a copy of the restore drill's database
(`var/drill/source`). Exit 0 only when no query waited longer than two seconds, the code before each
migration worked with the new schema, and two mutants were detected.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from config.local import paths

SOURCE = paths.ROOT / "var" / "drill" / "source"
os.environ["VAR_DIR"] = str(SOURCE)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["ENV_FILE"] = ""
for _name in ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "PRODUCTION"):
    os.environ.pop(_name, None)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402

from config.lib.db.safe_migrate import migrate_with_retries  # noqa: E402
from config.local import embedded  # noqa: E402
from config.local.embedded import postgres  # noqa: E402
from tests.drill import system  # noqa: E402
from tests.support import database_roles  # noqa: E402
from tests.upgrades import migration_path  # noqa: E402
from tests.upgrades.traffic import Traffic, open_reader  # noqa: E402

MAX_WAIT = 2.0  # seconds
Step = Callable[[], object]


def main() -> int:
    """Load data, revert to the first release, migrate step by step; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument(
        "--hold", type=float, default=4.0, help="seconds that the open transaction lasts"
    )
    arguments = parser.parse_args()
    SOURCE.mkdir(parents=True, exist_ok=True)
    loaded = system.call(SOURCE, "tests.drill.fixtures", str(arguments.cases), "0")
    print(loaded.stdout, flush=True)
    services = embedded.start(paths.find(), broker=False, bound=True)
    database_roles.connect_as_owner()
    try:
        with migration_path.copied("upgrading", of=postgres.DATABASE):
            is_passed = forward(arguments.hold) and mutants(arguments.hold)
    finally:
        services.stop()
    print("No query waited too long." if is_passed else "A QUERY WAITED TOO LONG OR FAILED.")
    return 0 if is_passed else 1


def forward(hold: float) -> bool:
    """Run every later migration under load; return whether all stayed within the bar."""
    migration_path.revert_to_first_release()
    loader = MigrationLoader(connection)
    passed = []
    for migration in migration_path.later(loader):

        def step(app: str = migration.app_label, name: str = migration.name) -> None:
            call_command("migrate", app, name, verbosity=0, interactive=False)

        longest, line = measured(step, hold)
        failures = migration_path.failures_of_old_code(loader, migration)
        name = f"{migration.app_label}.{migration.name}"
        print(f"  {name:<42} {line}; old code {failures or 'works'}", flush=True)
        passed.append(longest <= MAX_WAIT and not failures)
    return bool(passed) and all(passed)


def measured(step: Step, hold: float) -> tuple[float, str]:
    """Run a step beside an open transaction that has read every table, and other queries."""
    traffic = Traffic(migration_path.tables())
    with traffic.running(), open_reader(traffic.tables, hold):
        start = time.monotonic()
        step()
        seconds = time.monotonic() - start
    longest = max(traffic.read, traffic.write)
    errors = f", {len(traffic.errors)} ERRORS {traffic.errors[0]}" if traffic.errors else ""
    line = (
        f"{seconds:5.1f} s, longest read {traffic.read:.2f} s, longest write {traffic.write:.2f} s"
        f" ({traffic.rounds} rounds{errors})"
    )
    return (longest if not traffic.errors else float("inf")), line


def mutants(hold: float) -> bool:
    """Check that the harness detects a migration without lock timeout and a slow one."""
    detected = []
    for name, step in (("no lock timeout", _without_lock_timeout), ("slow", _slow)):
        longest, line = measured(step, hold)
        result = "detected" if longest > MAX_WAIT else "NOT DETECTED"
        print(f"  mutant: {name:<20} {line}: {result}", flush=True)
        detected.append(longest > MAX_WAIT)
    return all(detected)


def _without_lock_timeout() -> None:
    _run("SET lock_timeout = 0", "ALTER TABLE petitions_event ADD COLUMN planted integer")


def _slow() -> None:
    """Get the lock with retries, then hold it for three seconds."""
    add = "ALTER TABLE petitions_event ADD COLUMN planted_anew integer"
    migrate_with_retries(connection, lambda: _run(add, "SELECT pg_sleep(3)"), lambda _text: None)


def _run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for statement in statements:
            cursor.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
