"""The sheet in every backup: when, of what, how many rows, and a checksum of each part."""

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
    """What a backup says about itself; no personal data, no key."""

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
        """The instant whose state the backup holds, by the database's clock."""
        return datetime.fromisoformat(self.taken_at)

    def write(self, folder: Path) -> None:
        """Put the sheet into its folder."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
        write(folder / FILE, text.encode())


def read(folder: Path) -> Manifest:
    """Read a backup's sheet; raise Refused when there is none that we understand."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise BackupRefused(f"{folder} was made by another version: format {found['format']}.")
        found["parts"] = {name: BackupPart(**part) for name, part in found["parts"].items()}
        return Manifest(**found)
    except FileNotFoundError:
        raise BackupRefused(f"{folder} is no backup: there is no {FILE} in it.") from None
    except (ValueError, KeyError, TypeError):
        raise BackupRefused(f"{folder / FILE} is damaged. Use another backup.") from None


def part(file: Path) -> BackupPart:
    """Return a file's checksum and size."""
    return BackupPart(digest(file), file.stat().st_size)


def pictures(folder: Path) -> dict[str, str]:
    """Return the photos of a backup with their checksums, as `sha256sum -c` reads them too."""
    lines = (folder / PICTURES).read_text(encoding="ascii").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def write_pictures(folder: Path, found: dict[str, str]) -> None:
    """Write the list of photos."""
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(found.items()))
    write(folder / PICTURES, text.encode())


def damaged(folder: Path, sheet: Manifest) -> list[str]:
    """Return what is missing from a backup or differs from its checksum."""
    bad = [name for name, known in sheet.parts.items() if not _is(folder / name, known.sha256)]
    if PICTURES in bad or PICTURES not in sheet.parts:
        return bad or [PICTURES]
    return bad + _altered(folder, pictures(folder).items())


def digest(file: Path) -> str:
    """Return a file's SHA-256."""
    found = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def copied(source: Path, target: Path, mode: int = 0o600) -> str:
    """Copy a file, synced to disk; return the SHA-256 of what was written."""
    found = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with source.open("rb") as read_from, os.fdopen(handle, "wb") as written:
        os.fchmod(handle, mode)  # whatever the account's own mask says
        while chunk := read_from.read(CHUNK):
            found.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(handle)
    return found.hexdigest()


def write(file: Path, body: bytes) -> None:
    """Write a small file for its owner only, synced to disk."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())


def _altered(folder: Path, listed: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, sha256 in listed if not _is(folder / name, sha256)]


def _is(file: Path, sha256: str) -> bool:
    try:
        return digest(file) == sha256
    except FileNotFoundError:
        return False
