"""Restore a backup into an empty database, and verify that it equals the original."""

import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.backup import manifest, pg_tools, snapshot
from config.backup.manifest import Manifest
from config.backup.pg_tools import BackupRefused
from config.lib import clock
from config.lib.audit import anchors
from config.lib.audit.anchors import AnchorKind
from config.lib.db import roles
from config.local import init_database, paths
from petitions.models import Contact, Petition
from petitions.ops import audit_trail, integrity
from petitions.ops.audit_checks import Doubt
from petitions.rules import contacts, tracking_codes

# Work that became due since the backup: the worker does it after the start.
OVERDUE_CHECKS = {"due_not_fired", "outbox_waiting", str(Doubt.WAITING)}
RECENT = 20


@dataclass(frozen=True)
class Restored:
    """The contents of a restored system; `wrong` lists the differences from the backup."""

    sheet: Manifest
    photos: int
    checks: dict[str, int]
    wrong: list[str]


def restore(folder: Path) -> Restored:
    """Restore into an empty database and an empty photo folder; raise BackupRefused otherwise.

    The backup is verified before anything is written. The photos are copied first, then the
    database is loaded in one transaction; a failed restore leaves both empty.
    """
    sheet = manifest.read(folder)
    damaged = manifest.damaged(folder, sheet)
    if damaged:
        raise BackupRefused(
            f"This backup is damaged and nothing was restored: {len(damaged)} files are missing or "
            f"altered, {damaged[0]} among them. Use another one."
        )
    _check_code_version(sheet)
    _check_server_version(sheet)
    _check_target_is_empty()
    placed: list[Path] = []
    try:
        for name, sha256 in manifest.pictures(folder).items():
            placed.append(_place(folder, name, sha256))
        os.sync()
        with roles.as_owner(connection):
            pg_tools.load(folder / manifest.DUMP)
    except BaseException as error:
        for file in placed:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise BackupRefused("The disk is full: nothing was restored.") from None
        raise
    with roles.as_owner(connection):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        wrong = _differences(sheet)
    call_command("migrate", verbosity=0, interactive=False)  # gives the application its rights
    if settings.EMBEDDED:
        init_database.mark_restored(paths.find())
    message = f"{folder.name}, {sheet.taken_at}"
    if not audit_trail.try_write_anchor(AnchorKind.RESTORED, clock.now(), message):
        wrong.append(f"the anchors of the audit trail cannot be written in {anchors.folder()}")
    checks = integrity.check(sheet.instant)
    checks["replay_differs"] = len(integrity.replay_all())
    wrong += _broken(checks, sheet) + _wrong_keys()
    return Restored(sheet, len(placed), checks, wrong)


def _check_code_version(sheet: Manifest) -> None:
    known = MigrationLoader(None).disk_migrations
    unknown = [
        f"{app}.{name}" for app, name in sheet.migrations.items() if (app, name) not in known
    ]
    if unknown:
        raise BackupRefused(
            f"This backup was taken by version {sheet.product} or newer, which knows "
            f"{', '.join(unknown)}. Get that version of the product first; nothing was restored."
        )


def _check_server_version(sheet: Manifest) -> None:
    major = pg_tools.server_major()
    if major < sheet.postgres:
        raise BackupRefused(
            f"This backup was taken from PostgreSQL {sheet.postgres}; this server is {major} and "
            "cannot read it. Restore into a newer one; nothing was restored."
        )


def _check_target_is_empty() -> None:
    present = snapshot.tables()
    if present:
        raise BackupRefused(
            f"The database is not empty: it has {len(present)} tables, {present[0]} among them. "
            "A backup is restored into an empty one only. Nothing was touched."
        )
    media = Path(settings.MEDIA_ROOT)
    if any(any((media / kind).rglob("*.jpg")) for kind in ("photos", "thumbs")):
        raise BackupRefused(f"There are photos in {media} already. Move that folder away first.")
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        encoding = str(cursor.fetchone()[0])
    if encoding != "UTF8":
        raise BackupRefused(
            f"This database is encoded as {encoding}, not UTF8: make it as README says."
        )


def _place(folder: Path, name: str, sha256: str) -> Path:
    """Copy one photo into the media folder and return its path; raise BackupRefused if altered.

    `sha256` is its digest in the manifest. With PHOTOS_BY_ACCEL the proxy reads the file, so it
    gets FILE_UPLOAD_PERMISSIONS; otherwise only its owner can read it.
    """
    target = Path(settings.MEDIA_ROOT) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = settings.FILE_UPLOAD_PERMISSIONS if settings.PHOTOS_BY_ACCEL else 0o600
    if manifest.copied(folder / name, target, mode) != sha256:
        target.unlink()
        raise BackupRefused(
            f"{name} was altered while it was being restored. Nothing was restored."
        )
    return target


def _differences(sheet: Manifest) -> list[str]:
    """Compare the database with the manifest."""
    row_counts = snapshot.counts()
    wrong = [
        f"table {name} has {row_counts.get(name, 'no')} rows, the backup {sheet.tables.get(name)}"
        for name in sorted(row_counts.keys() | sheet.tables.keys())
        if row_counts.get(name) != sheet.tables.get(name)
    ]
    # Another major version may print the same constraint differently.
    if pg_tools.server_major() == sheet.postgres and snapshot.schema() != sheet.schema:
        wrong.append("columns, constraints, indexes, triggers or functions differ")
    return wrong


def _broken(checks: dict[str, int], sheet: Manifest) -> list[str]:
    """Return the violated integrity checks, except for overdue work and photos lost before."""
    known = len({name.partition("/")[2] for name in sheet.photos_lost})
    excused = dict.fromkeys(OVERDUE_CHECKS, sys.maxsize) | {"photo_without_file": known}
    return [
        f"{name.replace('_', ' ')}: {count}"
        for name, count in checks.items()
        if count > excused.get(name, 0)
    ]


def _wrong_keys() -> list[str]:
    """Return the keys of this system that do not fit the data."""
    wrong = []
    for key_id in snapshot.contact_keys():
        row = Contact.objects.select_related("petition").filter(key_id=key_id)[0]
        try:
            contacts.decrypt(row.petition.uuid, bytes(row.cipher), key_id)
        except contacts.DecryptionFailed:
            wrong.append(f"CONTACT_KEYS: the key {key_id!r} here does not decrypt its contacts")
    recent = list(Petition.objects.order_by("-id").values_list("uuid", "tracking_hash")[:RECENT])
    matches = [
        tracking_codes.code_hash(tracking_codes.code_for(uuid)) == known for uuid, known in recent
    ]
    if recent and not any(matches):
        wrong.append("TRACKING_SECRET: it is not the one that tracking codes were made with")
    return wrong
