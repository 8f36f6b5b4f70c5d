"""Mistakes a backup could make, planted to see that the drill finds them.

`python -m tests.drill.mutants NAME take` backs up as `config.backup` does, with one mistake in it.
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

PAUSE = float(os.environ.get("PLANTED_PAUSE") or 2)


def photos_first() -> None:
    """Copy the photos before the database is dumped: reports filed between have none."""
    right, fill = create._copy_pictures, create._fill

    def wrong_fill(draft: Path, folder: Path) -> Any:
        with snapshot.hold() as early:
            copied = right(draft, early, [])
        time.sleep(PAUSE)
        create._copy_pictures = lambda *_: copied
        return fill(draft, folder)

    create._fill = wrong_fill


def photo_forgotten() -> None:
    """Leave one photo out without noticing."""
    right = create._copy_pictures

    def wrong(draft: Path, seen: snapshot.Seen, before: list[Path]) -> Any:
        copied, lost = right(draft, seen, before)
        gone = f"photos/{seen.pictures[-1].name}"
        (draft / gone).unlink()
        del copied[gone]
        return copied, lost

    create._copy_pictures = wrong


def photo_rotten() -> None:
    """Let one copy go bad on its way to the other disk."""
    right = create._copy_pictures

    def wrong(draft: Path, seen: snapshot.Seen, before: list[Path]) -> Any:
        found = right(draft, seen, before)
        rotten = draft / "photos" / seen.pictures[0].name
        rotten.unlink()
        rotten.write_bytes(b"rotten")
        return found

    create._copy_pictures = wrong


def no_snapshot() -> None:
    """Dump whatever is there a moment later, not what was counted."""
    right = create.pg_tools._run

    def wrong(program: Path, *arguments: str) -> None:
        time.sleep(PAUSE)
        right(program, *(one for one in arguments if not one.startswith("--snapshot")))

    create.pg_tools._run = wrong


def no_guards() -> None:
    """Leave the triggers out of the dump."""
    right = create.pg_tools._run

    def wrong(program: Path, *arguments: str) -> None:
        right(program, *arguments, "--section=pre-data", "--section=data")

    create.pg_tools._run = wrong


PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (photos_first, photo_forgotten, photo_rotten, no_snapshot, no_guards)
}

if __name__ == "__main__":
    PLANTS[sys.argv[1]]()
    sys.exit(backup.main(sys.argv[2:]))
