"""Backs up and restores from the command line: `take`, `check FOLDER` or `restore FOLDER`."""

import os
import sys
import time
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["STATEMENT_TIMEOUT_MS"] = "0"  # a table takes as long as it needs
try:
    django.setup()
except ImproperlyConfigured as error:
    sys.exit(f"The settings are incomplete: {error}")

from django.conf import settings

from config.backup import create, manifest, restore
from config.backup.pg_tools import BackupRefused
from config.local import embedded, paths

KEYS = """\
NOT in it are the keys: SECRET_KEY, CONTACT_KEYS and TRACKING_SECRET ({where}).
Keep a copy of them in another place than the backups. Without CONTACT_KEYS no contact can be read
ever again; without TRACKING_SECRET no resident's tracking code works."""


def main(words: list[str]) -> int:
    """Do what the words say; return the exit status."""
    if words[:1] not in (["take"], ["check"], ["restore"]) or (words[0] != "take") > len(words[1:]):
        say("Say take, check FOLDER or restore FOLDER (make restore FROM=FOLDER).")
        return 2
    services = None
    try:
        if settings.EMBEDDED and words[0] != "check":
            services = embedded.start(paths.find(), broker=False, bound=True)
        if words[0] == "take":
            return _take()
        return _restore(Path(words[1])) if words[0] == "restore" else _check(Path(words[1]))
    except (BackupRefused, embedded.ServiceError) as refusal:
        say(str(refusal).strip())
    except OperationalError as error:
        say(f"The database does not answer. {error}".strip())
    finally:
        connection.close()
        if services:
            services.stop()
    return 1


def say(text: str) -> None:
    """Tell the person at the terminal, in order with what other programs say."""
    print(text, flush=True)


def _take() -> int:
    os.umask(0o077)  # nobody else reads a backup
    start = time.monotonic()
    taken = create.take(settings.BACKUP_DIR, settings.BACKUP_KEEP)
    sheet = taken.sheet
    say(f"Backup: {taken.folder}")
    say(
        f"  {sheet.tables['petitions_petition']:,} cases, {sum(sheet.tables.values()):,} rows, "
        f"{sheet.photos:,} photos, as of {sheet.taken_at}, in {time.monotonic() - start:.1f} s"
    )
    say(f"  sha256 of its manifest: {manifest.digest(taken.folder / manifest.FILE)}")
    if taken.removed:
        say(f"  removed, as only {settings.BACKUP_KEEP} are kept: {', '.join(taken.removed)}")
    say(KEYS.format(where=_where_keys_are()))
    if not sheet.photos_lost:
        return 0
    say(
        f"INCOMPLETE: {len(sheet.photos_lost)} photos are missing or altered in the running system "
        f"itself, {sheet.photos_lost[0]} among them. All else is in the backup."
    )
    return 1


def _check(folder: Path) -> int:
    sheet = manifest.read(folder)
    bad = manifest.damaged(folder, sheet)
    for name in bad:
        say(f"  missing or altered: {name}")
    say(f"{folder} is {'damaged' if bad else 'as it was taken'} ({sheet.taken_at}).")
    return 1 if bad else 0


def _restore(folder: Path) -> int:
    start = time.monotonic()
    restored = restore.restore(folder)
    for name, count in restored.verdict.items():
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
        say(f"Do not start it like this. (The keys were looked for {_where_keys_are()}.)")
        return 1
    say("Rows, tables, photos, promises and keys are as they were. Start it now.")
    return 0


def _where_keys_are() -> str:
    if settings.PRODUCTION:
        return "in the environment, with docker compose in .env"
    return f"in {paths.find().var / 'secrets.json'}, unless the environment sets them"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
