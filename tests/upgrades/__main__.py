"""Runs every migration since the first release while people work, and prints who had to wait.

`python -m tests.upgrades [--cases 100000] [--hold 4]`, in a copy of the restore drill's database
(`var/drill/source`). Exit 0 only when nobody waited longer than two seconds, the code before each
migration worked beside it, and two planted mistakes were seen.
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
for _name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION"):
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
from tests.upgrades import migration_path  # noqa: E402
from tests.upgrades.traffic import Traffic, open_reader  # noqa: E402

BAR = 2.0  # seconds
Step = Callable[[], object]


def main() -> int:
    """Fill, go back to the first release, come forward step by step; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--hold", type=float, default=4.0, help="seconds the open reader stays")
    wanted = parser.parse_args()
    SOURCE.mkdir(parents=True, exist_ok=True)
    filled = system.call(SOURCE, "tests.drill.fixtures", str(wanted.cases), "0")
    print(filled.stdout, flush=True)
    services = embedded.start(paths.find(), broker=False, bound=True)
    try:
        with migration_path.a_copy("upgrading", of=postgres.DATABASE):
            is_right = forward(wanted.hold) and planted(wanted.hold)
    finally:
        services.stop()
    print("Nobody waited long." if is_right else "SOMEBODY WAITED TOO LONG, OR COULD NOT WORK.")
    return 0 if is_right else 1


def forward(hold: float) -> bool:
    """Run every later migration under traffic; tell whether all kept to the bar."""
    migration_path.back_to_the_first_release()
    loader = MigrationLoader(connection)
    right = []
    for one in migration_path.later(loader):

        def step(app: str = one.app_label, name: str = one.name) -> None:
            call_command("migrate", app, name, verbosity=0, interactive=False)

        longest, line = measured(step, hold)
        cannot = migration_path.what_old_code_cannot_do(loader, one)
        print(f"  {one.app_label}.{one.name:<28} {line}; old code {cannot or 'works'}", flush=True)
        right.append(longest <= BAR and not cannot)
    return bool(right) and all(right)


def measured(step: Step, hold: float) -> tuple[float, str]:
    """Do a step while somebody has read everything and others read and write on."""
    traffic = Traffic(migration_path.tables())
    with traffic.flowing(), open_reader(traffic.tables, hold):
        start = time.monotonic()
        step()
        taken = time.monotonic() - start
    longest = max(traffic.read, traffic.write)
    errors = f", {len(traffic.errors)} ERRORS {traffic.errors[0]}" if traffic.errors else ""
    line = (
        f"{taken:5.1f} s, longest read {traffic.read:.2f} s, longest write {traffic.write:.2f} s"
        f" ({traffic.rounds} rounds{errors})"
    )
    return (longest if not traffic.errors else float("inf")), line


def planted(hold: float) -> bool:
    """See the harness fail: a migration that waits as long as it takes, and one that is slow."""
    seen = []
    for name, step in (("waits for its table", _impatient), ("keeps its table", _slow)):
        longest, line = measured(step, hold)
        verdict = "seen" if longest > BAR else "NOT SEEN"
        print(f"  planted: {name:<20} {line}: {verdict}", flush=True)
        seen.append(longest > BAR)
    return all(seen)


def _impatient() -> None:
    _run("SET lock_timeout = 0", "ALTER TABLE petitions_event ADD COLUMN planted integer")


def _slow() -> None:
    """Lets others pass until the table is free, and then keeps it for long."""
    add = "ALTER TABLE petitions_event ADD COLUMN planted_anew integer"
    migrate_with_retries(connection, lambda: _run(add, "SELECT pg_sleep(3)"), lambda _said: None)


def _run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for one in statements:
            cursor.execute(one)


if __name__ == "__main__":
    sys.exit(main())
