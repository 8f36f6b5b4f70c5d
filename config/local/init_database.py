"""Brings the database of a demonstration run up to date, and greets whoever started it."""

import hashlib
import io

from config.local import paths
from config.local.embedded import postgres

_LOGINS = "logins.txt"


def database(at: paths.DataPaths) -> None:
    """Migrate, and load the sample once in the life of this database.

    What has been done is noted at the database itself, so that it is true of this database and
    the next start need not even import the application.
    """
    wanted = _fingerprint()
    noted = _read_note(at)
    if noted == wanted and (at.var / _LOGINS).exists():
        return
    _with_application(at, sample_wanted=not noted)
    _write_note(at, wanted)


def note_restored(at: paths.DataPaths) -> None:
    """Note at a restored database that it is up to date, so that no sample is loaded into it."""
    _write_note(at, _fingerprint())


def greet(at: paths.DataPaths, address: str) -> None:
    """Print where the site is and who can log in."""
    print(f"\n找支部 is running at {address}\n", flush=True)
    print((at.var / _LOGINS).read_text(encoding="utf-8"), flush=True)
    print(f"Logs are in {at.logs}. Ctrl-C stops everything.\n", flush=True)


def _with_application(at: paths.DataPaths, *, sample_wanted: bool) -> None:
    """Do what needs the application; imported here because a second start does not need it."""
    import django
    from django.core.management import call_command, get_commands
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    commands = get_commands()
    if sample_wanted and "load_sample" in commands:
        print("Loading the sample; this happens once ...", flush=True)
        call_command("load_sample")
    logins = io.StringIO()
    if "demo_logins" in commands:
        call_command("demo_logins", stdout=logins)
    (at.var / _LOGINS).write_text(logins.getvalue(), encoding="utf-8")
    connection.close()


def _fingerprint() -> str:
    """Return a digest of every migration here."""
    digest = hashlib.sha256()
    for file in sorted(paths.ROOT.glob("*/migrations/*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    digest.update((paths.ROOT / "requirements.lock").read_bytes())  # other apps' migrations
    return digest.hexdigest()


def _read_note(at: paths.DataPaths) -> str:
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


def _write_note(at: paths.DataPaths, note: str) -> None:
    connection = postgres.connect(at)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {postgres.DATABASE} IS %s", [note])
    finally:
        connection.close()
