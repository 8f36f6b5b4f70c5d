"""Create a backup while the system runs: first the database, then the photos."""

import errno
import fcntl
import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from config.backup import manifest, pg_tools, snapshot
from config.backup.manifest import Manifest
from config.backup.pg_tools import BackupRefused
from config.local import paths

UNFINISHED, INCOMPLETE = ".unfinished-", "-incomplete"
NAME = "zhaozhibu-%Y%m%dT%H%M%SZ"
SPARE_BYTES = 200 * 1024 * 1024  # stay free for the running system
PICTURE_FOLDERS = ("photos", "thumbs")
FULL = "The disk is full: this backup was given up and removed; earlier ones are untouched."


@dataclass(frozen=True)
class BackupResult:
    """A finished backup, and the names of the older ones that were removed."""

    folder: Path
    sheet: Manifest
    removed: list[str]


def take(folder: Path, keep: int) -> BackupResult:
    """Create a backup in a new folder below `folder`, then remove all but the newest `keep`.

    The folder gets its name when the backup is complete on disk. When photos are missing in the
    running system, the backup is named incomplete and no older one is removed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _exclusive(folder), _full_disk_reported():
        draft = folder / f"{UNFINISHED}{os.getpid()}"
        try:
            draft.mkdir(mode=0o700)
            sheet = _fill(draft, folder)
            name = f"{sheet.instant:{NAME}}{INCOMPLETE if sheet.photos_lost else ''}"
            os.sync()  # the folders too
            draft.rename(folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        removed = [] if sheet.photos_lost else _remove_old(folder, keep)
    return BackupResult(folder / name, sheet, removed)


def finished(folder: Path) -> list[Path]:
    """Return the complete backups, the newest first; their names sort by date."""
    backups = [path for path in folder.glob("zhaozhibu-*Z") if (path / manifest.FILE).exists()]
    return sorted(backups, reverse=True)


def product() -> str:
    """Return the version of the product."""
    pyproject = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(pyproject["project"]["version"])


def _fill(draft: Path, folder: Path) -> Manifest:
    with snapshot.hold() as held_snapshot:
        _check_free_space(folder, held_snapshot)
        pg_tools.dump(draft / manifest.DUMP, held_snapshot.snapshot)
    copied, lost = _copy_pictures(draft, held_snapshot, finished(folder)[:1])
    manifest.write_pictures(draft, copied)
    sheet = Manifest(
        format=manifest.FORMAT,
        product=product(),
        taken_at=held_snapshot.taken_at.isoformat(),
        postgres=pg_tools.server_major(),
        schema=held_snapshot.schema,
        migrations=held_snapshot.migrations,
        contact_keys=held_snapshot.contact_keys,
        tables=held_snapshot.tables,
        photos=len(held_snapshot.pictures),
        photos_lost=lost,
        parts={name: manifest.part(draft / name) for name in (manifest.DUMP, manifest.PICTURES)},
    )
    sheet.write(draft)
    return sheet


def _copy_pictures(
    draft: Path, database: snapshot.DatabaseSnapshot, previous: list[Path]
) -> tuple[dict[str, str], list[str]]:
    """Copy every photo with its thumbnail; return checksums by name, and the missing names.

    A photo never changes, so an intact copy in the `previous` backup is hard-linked instead of
    copied. Photos of reports that are not submitted yet are included.
    """
    linkable = {
        name: sha256 for backup in previous for name, sha256 in manifest.pictures(backup).items()
    }
    due = {f"photos/{photo.name}": photo.sha256 for photo in database.pictures}
    due |= {f"thumbs/{photo.name}": "" for photo in database.pictures}
    on_disk = _on_disk(before=database.taken_at.timestamp())
    due |= {name: "" for name in on_disk if name not in due}
    copied: dict[str, str] = {}
    lost: list[str] = []
    named = {photo.name for photo in database.pictures}
    for name, sha256 in due.items():
        expected = sha256 or linkable.get(name, "")
        if previous and expected and linkable.get(name) == expected:
            written = _link(previous[0] / name, draft / name, expected) or _copy(name, draft)
        else:
            written = _copy(name, draft)
        if written and written == (sha256 or written):
            copied[name] = written
        elif name.partition("/")[2] in named:
            lost.append(name)
            (draft / name).unlink(missing_ok=True)
    return copied, lost


def _on_disk(before: float) -> Iterator[str]:
    """Return the photos on disk modified before an instant, including those without a row."""
    for kind in PICTURE_FOLDERS:
        top = Path(settings.MEDIA_ROOT) / kind
        for file in top.glob("*/*.jpg"):
            try:
                if file.stat().st_mtime < before:
                    yield f"{kind}/{file.parent.name}/{file.name}"
            except FileNotFoundError:
                continue  # cleaned up meanwhile


def _link(old: Path, new: Path, sha256: str) -> str:
    """Hard-link the copy of the previous backup if intact; return its checksum, or empty."""
    try:
        if manifest.digest(old) != sha256:
            return ""
        new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.link(old, new)
    except OSError:
        return ""
    return sha256


def _copy(name: str, draft: Path) -> str:
    """Copy one file; return its checksum, empty when missing; refuse when the disk is full."""
    if shutil.disk_usage(draft).free < SPARE_BYTES:
        raise BackupRefused(FULL)
    target = draft / name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return manifest.copied(Path(settings.MEDIA_ROOT) / name, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return ""


def _check_free_space(folder: Path, database: snapshot.DatabaseSnapshot) -> None:
    """Refuse when the backup would probably fill the disk."""
    free = shutil.disk_usage(folder).free
    needed = database.size // 2 + SPARE_BYTES
    if free < needed:
        raise BackupRefused(
            f"There is too little space in {folder}: {free // 2**20} MB are free, about "
            f"{needed // 2**20} MB are needed. Free some, or set BACKUP_DIR to another disk."
        )


def _remove_old(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest complete backups, and older incomplete ones; return their names."""
    complete = finished(folder)
    old = complete[max(keep, 1) :]
    if len(complete) >= keep:
        oldest = complete[: max(keep, 1)][-1].name
        old += [path for path in folder.glob(f"zhaozhibu-*{INCOMPLETE}") if path.name < oldest]
    for path in old:
        shutil.rmtree(path)
    return [path.name for path in old]


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Lock the folder for one backup at a time, and remove unfinished backups of killed runs."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(
                f"Another backup into {folder} is running; this one was not started."
            ) from None
        for unfinished in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(unfinished)
        yield


@contextmanager
def _full_disk_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise BackupRefused(FULL) from None
        raise
