"""Anchors of the hash chains in a folder outside the database.

`anchors.jsonl` gets a line each day: the last block of every chain. Each line names the digest of
the line before. `heads.json` holds the last blocks as of the latest run of the worker, so that a
database restored to an earlier hour of the same day is noticed too. A person with
access to the database alone cannot change either file.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings

ANCHORS_FILE, HEADS_FILE = "anchors.jsonl", "heads.json"


class AnchorKind(StrEnum):
    """Why a line was written; lines before the newest `RESTORED` are not compared any more."""

    DAILY = "daily"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last block of a chain: its number, the ids it reaches to, and its signature."""

    number: int
    last_id: int
    signature: str


Heads = Mapping[str, ChainHead]
"""Chain heads by the name of the table."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line of the file; `is_intact` if it follows the line before."""

    at: dt.datetime
    kind: AnchorKind
    heads: Heads
    message: str
    is_intact: bool


def folder() -> Path:
    """Return the folder of the anchors."""
    return Path(settings.ANCHOR_DIR)


def write(kind: AnchorKind, heads: Heads, now: dt.datetime, message: str = "") -> None:
    """Append a line and replace the heads; raise OSError if the folder cannot be written."""
    with _locked() as file:
        file.seek(0)
        lines = file.read().splitlines()
        line = json.dumps(
            {
                "at": now.astimezone(dt.UTC).isoformat(),
                "kind": kind,
                "heads": _plain(heads),
                "message": message,
                "previous": _digest(lines[-1]) if lines else "",
            },
            ensure_ascii=False,
            sort_keys=True,
        )
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    write_heads(heads)


def write_heads(heads: Heads) -> None:
    """Replace the latest heads."""
    folder().mkdir(parents=True, exist_ok=True)
    draft = folder() / f".{HEADS_FILE}.{os.getpid()}"
    draft.write_text(json.dumps(_plain(heads), sort_keys=True), encoding="utf-8")
    draft.replace(folder() / HEADS_FILE)


def latest_heads() -> dict[str, ChainHead]:
    """Return the heads as of the latest run; empty if there are none or the file is damaged."""
    try:
        return _heads(json.loads((folder() / HEADS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def read() -> list[Anchor]:
    """Return all lines, oldest first; a line that cannot be read is not intact."""
    try:
        lines = (folder() / ANCHORS_FILE).read_bytes().splitlines()
    except OSError:  # no file yet, or no such folder where this process runs
        return []
    return [
        _anchor(line, lines[number - 1] if number else b"") for number, line in enumerate(lines)
    ]


def _anchor(line: bytes, before: bytes) -> Anchor:
    try:
        fields: dict[str, Any] = json.loads(line)
        return Anchor(
            at=dt.datetime.fromisoformat(fields["at"]),
            kind=AnchorKind(fields["kind"]),
            heads=_heads(fields["heads"]),
            message=str(fields["message"]),
            is_intact=fields["previous"] == (_digest(before) if before else ""),
        )
    except (ValueError, TypeError, KeyError):
        return Anchor(dt.datetime.min.replace(tzinfo=dt.UTC), AnchorKind.DAILY, {}, "", False)


@contextmanager
def _locked() -> Iterator[Any]:
    """Open the file for appending, one process at a time."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / ANCHORS_FILE).open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _plain(heads: Heads) -> dict[str, dict[str, Any]]:
    return {table: asdict(head) for table, head in heads.items()}


def _heads(plain: Mapping[str, Any]) -> dict[str, ChainHead]:
    return {table: ChainHead(**head) for table, head in plain.items()}


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
