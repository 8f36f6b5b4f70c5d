"""Migrate the database of `make run`, load the sample once, and print the log-ins."""

import hashlib
import io

from config.local import paths
from config.local.embedded import postgres

_LOGINS = "logins.txt"


def init(at: paths.DataPaths) -> None:
    """Migrate if needed, and load the sample into a new database.

    The fingerprint of the migrations is stored as the comment of the database, so that the next
    start need not import the application.
    """
    fingerprint = _fingerprint()
    stored = _read_comment(at)
    if stored == fingerprint and (at.var / _LOGINS).exists():
        return
    _migrate(at, with_sample=not stored)
    _write_comment(at, fingerprint)


def mark_restored(at: paths.DataPaths) -> None:
    """Mark a restored database as migrated, so that no sample is loaded into it."""
    _write_comment(at, _fingerprint())


def print_welcome(at: paths.DataPaths, address: str) -> None:
    """Print the address of the site and the log-ins."""
    print(f"\n找支部 is running at {address}\n", flush=True)
    print((at.var / _LOGINS).read_text(encoding="utf-8"), flush=True)
    print(f"Logs are in {at.logs}. Ctrl-C stops everything.\n", flush=True)


def _migrate(at: paths.DataPaths, *, with_sample: bool) -> None:
    """Migrate and load the sample; Django is imported here, because most starts do not need it."""
    import django
    from django.core.management import call_command, get_commands
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    commands = get_commands()
    if with_sample and "load_sample" in commands:
        print("Loading the sample; this happens once ...", flush=True)
        call_command("load_sample")
    logins = io.StringIO()
    if "demo_logins" in commands:
        call_command("demo_logins", stdout=logins)
    (at.var / _LOGINS).write_text(logins.getvalue(), encoding="utf-8")
    connection.close()


def _fingerprint() -> str:
    """Return a digest of all migrations."""
    digest = hashlib.sha256()
    for file in sorted(paths.ROOT.glob("*/migrations/*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    digest.update((paths.ROOT / "requirements.lock").read_bytes())  # other apps' migrations
    return digest.hexdigest()


def _read_comment(at: paths.DataPaths) -> str:
    connection = postgres.connect(at)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [postgres.DATABASE],
            )
            row = cursor.fetchone()
    finally:
        connection.close()
    return str(row[0] or "") if row else ""


def _write_comment(at: paths.DataPaths, comment: str) -> None:
    connection = postgres.connect(at)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {postgres.DATABASE} IS %s", [comment])
    finally:
        connection.close()
