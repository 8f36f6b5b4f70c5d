"""The manifest of a backup: instant, versions, row counts, and a checksum of each part."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from config.backup.pg_tools import BackupRefused

FORMAT = 1
FILE, DUMP, PICTURES = "manifest.json", "database.dump", "photos.sha256"
CHUNK = 1 << 20


@dataclass(frozen=True)
class BackupPart:
    """One file of a backup."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """The contents of a backup in figures; no personal data, no key."""

    format: int
    product: str
    taken_at: str
    postgres: int
    schema: str
    migrations: dict[str, str]
    contact_keys: list[str]
    tables: dict[str, int]
    photos: int
    photos_lost: list[str]
    parts: dict[str, BackupPart]

    @property
    def instant(self) -> datetime:
        """The instant of the backed-up state, by the database's clock."""
        return datetime.fromisoformat(self.taken_at)

    def write(self, folder: Path) -> None:
        """Write the manifest into the folder of its backup."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
        write(folder / FILE, text.encode())


def read(folder: Path) -> Manifest:
    """Read the manifest of a backup; raise BackupRefused when it is missing or unreadable."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise BackupRefused(f"{folder} was made by another version: format {data['format']}.")
        data["parts"] = {name: BackupPart(**part) for name, part in data["parts"].items()}
        return Manifest(**data)
    except FileNotFoundError:
        raise BackupRefused(f"{folder} is no backup: there is no {FILE} in it.") from None
    except (ValueError, KeyError, TypeError):
        raise BackupRefused(f"{folder / FILE} is damaged. Use another backup.") from None


def part(file: Path) -> BackupPart:
    """Return a file's checksum and size."""
    return BackupPart(digest(file), file.stat().st_size)


def pictures(folder: Path) -> dict[str, str]:
    """Return the checksums of photos and thumbnails by path in the backup.

    Read from a file that `sha256sum -c` reads too. Raises FileNotFoundError if it is missing.
    """
    lines = (folder / PICTURES).read_text(encoding="ascii").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def write_pictures(folder: Path, checksums: dict[str, str]) -> None:
    """Write the list of photos with their checksums."""
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(checksums.items()))
    write(folder / PICTURES, text.encode())


def damaged(folder: Path, sheet: Manifest) -> list[str]:
    """Return the files of a backup that are missing or differ from their checksum."""
    altered = [
        name for name, part in sheet.parts.items() if not _matches(folder / name, part.sha256)
    ]
    if PICTURES in altered or PICTURES not in sheet.parts:
        return altered or [PICTURES]
    return altered + _altered(folder, pictures(folder).items())


def digest(file: Path) -> str:
    """Return a file's SHA-256."""
    checksum = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            checksum.update(chunk)
    return checksum.hexdigest()


def copied(source: Path, target: Path, mode: int = 0o600) -> str:
    """Copy a file and sync it to disk; return the SHA-256 of the written data."""
    checksum = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with source.open("rb") as read_from, os.fdopen(handle, "wb") as written:
        os.fchmod(handle, mode)  # independent of the umask
        while chunk := read_from.read(CHUNK):
            checksum.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(handle)
    return checksum.hexdigest()


def write(file: Path, body: bytes) -> None:
    """Write a small file, readable by its owner only, and sync it to disk."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())


def _altered(folder: Path, checksums: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, sha256 in checksums if not _matches(folder / name, sha256)]


def _matches(file: Path, sha256: str) -> bool:
    try:
        return digest(file) == sha256
    except FileNotFoundError:
        return False
