"""Takes a backup while the system runs: the database first, the photos after it."""

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
SPARE_BYTES = 200 * 1024 * 1024  # is left free, so that the running system keeps its footing
PICTURE_FOLDERS = ("photos", "thumbs")
FULL = "The disk is full: this backup was given up and removed; earlier ones are untouched."


@dataclass(frozen=True)
class BackupResult:
    """A finished backup, and which older ones it has replaced."""

    folder: Path
    sheet: Manifest
    removed: list[str]


def take(folder: Path, keep: int) -> BackupResult:
    """Back up into a folder of its own below `folder`; then only the newest `keep` are kept.

    It appears under its name when all of it is on disk, or not at all. Photos that the running
    system itself has lost make it an incomplete one: kept, named so, and replacing no other.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder), _honest_about_space():
        draft = folder / f"{UNFINISHED}{os.getpid()}"
        try:
            draft.mkdir(mode=0o700)
            sheet = _fill(draft, folder)
            name = f"{sheet.instant:{NAME}}{INCOMPLETE if sheet.photos_lost else ''}"
            os.sync()  # the folders too
            draft.rename(folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        removed = [] if sheet.photos_lost else _let_go(folder, keep)
    return BackupResult(folder / name, sheet, removed)


def finished(folder: Path) -> list[Path]:
    """Return the complete backups, the newest first: their names sort by date."""
    found = [one for one in folder.glob("zhaozhibu-*Z") if (one / manifest.FILE).exists()]
    return sorted(found, reverse=True)


def product() -> str:
    """Return the version of the product."""
    about = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(about["project"]["version"])


def _fill(draft: Path, folder: Path) -> Manifest:
    with snapshot.held() as seen:
        _refuse_when_too_little(folder, seen)
        pg_tools.dump(draft / manifest.DUMP, seen.snapshot)
    copied, lost = _copy_pictures(draft, seen, finished(folder)[:1])
    manifest.write_pictures(draft, copied)
    sheet = Manifest(
        format=manifest.FORMAT,
        product=product(),
        taken_at=seen.taken_at.isoformat(),
        postgres=pg_tools.server_major(),
        schema=seen.schema,
        migrations=seen.migrations,
        contact_keys=seen.contact_keys,
        tables=seen.tables,
        photos=len(seen.pictures),
        photos_lost=lost,
        parts={name: manifest.part(draft / name) for name in (manifest.DUMP, manifest.PICTURES)},
    )
    sheet.write(draft)
    return sheet


def _copy_pictures(
    draft: Path, seen: snapshot.Seen, before: list[Path]
) -> tuple[dict[str, str], list[str]]:
    """Copy every photo with its thumbnail; return their checksums, and what could not be had.

    A photo never changes, so one that the last backup holds intact is shared with it instead of
    being copied again. Photos of reports not yet sent come too, when they were finished before.
    """
    shared = {name: sha256 for one in before for name, sha256 in manifest.pictures(one).items()}
    due = {f"photos/{one.name}": one.sha256 for one in seen.pictures}
    due |= {f"thumbs/{one.name}": "" for one in seen.pictures}
    due |= {name: "" for name in _unnamed(before=seen.taken_at.timestamp()) if name not in due}
    copied: dict[str, str] = {}
    lost: list[str] = []
    named = {one.name for one in seen.pictures}
    for name, sha256 in due.items():
        wanted = sha256 or shared.get(name, "")
        if before and wanted and shared.get(name) == wanted:
            got = _share(before[0] / name, draft / name, wanted) or _copy(name, draft)
        else:
            got = _copy(name, draft)
        if got and got == (sha256 or got):
            copied[name] = got
        elif name.partition("/")[2] in named:
            lost.append(name)
            (draft / name).unlink(missing_ok=True)
    return copied, lost


def _unnamed(before: float) -> Iterator[str]:
    """Find photos on disk, those that no row names yet among them."""
    for kind in PICTURE_FOLDERS:
        top = Path(settings.MEDIA_ROOT) / kind
        for file in top.glob("*/*.jpg"):
            try:
                if file.stat().st_mtime < before:
                    yield f"{kind}/{file.parent.name}/{file.name}"
            except FileNotFoundError:
                continue  # tidied away just now


def _share(old: Path, new: Path, sha256: str) -> str:
    """Link to the last backup's copy when it is still what it was."""
    try:
        if manifest.digest(old) != sha256:
            return ""
        new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.link(old, new)
    except OSError:
        return ""
    return sha256


def _copy(name: str, draft: Path) -> str:
    """Copy one file; empty when it is not there. Stops before the running system has no room."""
    if shutil.disk_usage(draft).free < SPARE_BYTES:
        raise BackupRefused(FULL)
    target = draft / name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return manifest.copied(Path(settings.MEDIA_ROOT) / name, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return ""


def _refuse_when_too_little(folder: Path, seen: snapshot.Seen) -> None:
    """Refuse beforehand what would fill the disk; what is compressed or shared may need less."""
    free = shutil.disk_usage(folder).free
    needed = seen.size // 2 + SPARE_BYTES
    if free < needed:
        raise BackupRefused(
            f"There is too little space in {folder}: {free // 2**20} MB are free, about "
            f"{needed // 2**20} MB are needed. Free some, or set BACKUP_DIR to another disk."
        )


def _let_go(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest complete ones, and incomplete ones older than those."""
    complete = finished(folder)
    old = complete[max(keep, 1) :]
    if len(complete) >= keep:
        oldest = complete[: max(keep, 1)][-1].name
        old += [one for one in folder.glob(f"zhaozhibu-*{INCOMPLETE}") if one.name < oldest]
    for one in old:
        shutil.rmtree(one)
    return [one.name for one in old]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one backup run at a time, and clear away what a killed one has left."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(
                f"Another backup into {folder} is running; this one is not begun."
            ) from None
        for left in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        yield


@contextmanager
def _honest_about_space() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise BackupRefused(FULL) from None
        raise
