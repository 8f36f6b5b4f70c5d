"""Mutants of the backup, each with one bug that the drill must find.

`python -m tests.drill.mutants NAME take` backs up as `config.backup` does, with that bug.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.backup import __main__ as backup
from config.backup import create, snapshot

PAUSE = float(os.environ.get("MUTANT_PAUSE") or 2)  # seconds


def photos_first() -> None:
    """Copy the photos before the database is dumped: reports filed between have none."""
    original, fill = create._copy_pictures, create._fill

    def wrong_fill(draft: Path, folder: Path) -> Any:
        with snapshot.hold() as early_snapshot:
            copied = original(draft, early_snapshot, [])
        time.sleep(PAUSE)
        create._copy_pictures = lambda *_: copied
        return fill(draft, folder)

    create._fill = wrong_fill


def photo_forgotten() -> None:
    """Leave one photo out without reporting it."""
    original = create._copy_pictures

    def wrong(draft: Path, database: snapshot.DatabaseSnapshot, previous: list[Path]) -> Any:
        copied, lost = original(draft, database, previous)
        name = f"photos/{database.pictures[-1].name}"
        (draft / name).unlink()
        del copied[name]
        return copied, lost

    create._copy_pictures = wrong


def photo_corrupted() -> None:
    """Corrupt one copied photo."""
    original = create._copy_pictures

    def wrong(draft: Path, database: snapshot.DatabaseSnapshot, previous: list[Path]) -> Any:
        result = original(draft, database, previous)
        photo = draft / "photos" / database.pictures[0].name
        photo.unlink()
        photo.write_bytes(b"corrupted")
        return result

    create._copy_pictures = wrong


def no_snapshot() -> None:
    """Dump without the snapshot whose rows were counted."""
    original = create.pg_tools._run

    def wrong(program: Path, *arguments: str) -> None:
        time.sleep(PAUSE)
        original(program, *(word for word in arguments if not word.startswith("--snapshot")))

    create.pg_tools._run = wrong


def no_guards() -> None:
    """Leave the triggers out of the dump."""
    original = create.pg_tools._run

    def wrong(program: Path, *arguments: str) -> None:
        original(program, *arguments, "--section=pre-data", "--section=data")

    create.pg_tools._run = wrong


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (photos_first, photo_forgotten, photo_corrupted, no_snapshot, no_guards)
}

if __name__ == "__main__":
    MUTANTS[sys.argv[1]]()
    sys.exit(backup.main(sys.argv[2:]))
