"""Back up and restore from the command line: `take`, `check FOLDER` or `restore FOLDER`."""

import os
import sys
import time
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from environs import EnvError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["STATEMENT_TIMEOUT_MS"] = "0"
try:
    django.setup()
except (ImproperlyConfigured, EnvError) as error:
    sys.exit(f"The settings are wrong: {error}")

from django.conf import settings

from config.backup import create, manifest, restore
from config.backup.pg_tools import BackupRefused
from config.local import embedded, paths

KEYS = """\
It does NOT contain the keys: SECRET_KEY, CONTACT_KEYS and TRACKING_SECRET ({where}).
Keep a copy of them apart from the backups. Without CONTACT_KEYS no contact can be decrypted;
without TRACKING_SECRET no tracking code of a resident works."""


def main(words: list[str]) -> int:
    """Run the command; return the exit status."""
    if words[:1] not in (["take"], ["check"], ["restore"]) or (words[0] != "take") > len(words[1:]):
        say("Usage: take, check FOLDER or restore FOLDER (make restore FROM=FOLDER).")
        return 2
    services = None
    try:
        if settings.EMBEDDED and words[0] != "check":
            services = embedded.start(paths.find(), broker=False, bound=True)
        if words[0] == "take":
            return _take()
        return _restore(Path(words[1])) if words[0] == "restore" else _check(Path(words[1]))
    except (BackupRefused, CommandError, embedded.ServiceError) as refusal:
        say(str(refusal).strip())
    except OperationalError as error:
        say(f"The database does not respond. {error}".strip())
    finally:
        connection.close()
        if services:
            services.stop()
    return 1


def say(text: str) -> None:
    """Print a line at once, in order with the output of other programs."""
    print(text, flush=True)


def _take() -> int:
    os.umask(0o077)  # readable by the owner only
    start = time.monotonic()
    say(f"Database: {_database()}")
    result = create.take(settings.BACKUP_DIR, settings.BACKUP_KEEP)
    sheet = result.sheet
    say(f"Backup: {result.folder}")
    say(
        f"  {sheet.tables['petitions_petition']:,} cases, {sum(sheet.tables.values()):,} rows, "
        f"{sheet.photos:,} photos, as of {sheet.taken_at}, in {time.monotonic() - start:.1f} s"
    )
    say(f"  sha256 of its manifest: {manifest.digest(result.folder / manifest.FILE)}")
    if result.removed:
        say(f"  removed, as only {settings.BACKUP_KEEP} are kept: {', '.join(result.removed)}")
    say(KEYS.format(where=_where_keys_are()))
    if not sheet.photos_lost:
        return 0
    say(
        f"INCOMPLETE: {len(sheet.photos_lost)} photos are missing or altered in the running system "
        f"itself, {sheet.photos_lost[0]} among them. Everything else is in the backup."
    )
    return 1


def _check(folder: Path) -> int:
    sheet = manifest.read(folder)
    damaged = manifest.damaged(folder, sheet)
    for name in damaged:
        say(f"  missing or altered: {name}")
    say(f"{folder} is {'damaged' if damaged else 'intact'} ({sheet.taken_at}).")
    return 1 if damaged else 0


def _restore(folder: Path) -> int:
    start = time.monotonic()
    restored = restore.restore(folder)
    for name, count in restored.checks.items():
        say(f"  {count:>8}  {name.replace('_', ' ')}")
    say(
        f"Restored as of {restored.sheet.taken_at}: {len(restored.sheet.tables)} tables with "
        f"{sum(restored.sheet.tables.values()):,} rows, {restored.photos:,} picture files, "
        f"in {time.monotonic() - start:.1f} s."
    )
    if restored.sheet.photos_lost:
        say(f"{len(restored.sheet.photos_lost)} photos had been lost before the backup was taken.")
    for line in restored.wrong:
        say(f"WRONG: {line}")
    if restored.wrong:
        say(f"Do not start the system. (The keys were read {_where_keys_are()}.)")
        return 1
    say("Tables, rows, photos, integrity checks and keys are correct. Start the system now.")
    return 0


def _database() -> str:
    """Return the name of the database and its server; the embedded one is for development."""
    if settings.EMBEDDED:
        return f"the embedded one in {paths.find().var} (PRODUCTION and DATABASE_URL are not set)"
    database = connection.settings_dict
    return f"{database['NAME']} on {database['HOST']}"


def _where_keys_are() -> str:
    if settings.PRODUCTION:
        return "in the environment, with docker compose in .env"
    return f"in {paths.find().var / 'secrets.json'}, unless the environment sets them"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
