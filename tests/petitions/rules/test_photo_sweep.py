"""Photos of reports that were never sent are deleted, and no other ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from petitions.rules import photos

NAMES = {"used": "aa/a.jpg", "unused": "bb/b.jpg", "new": "cc/c.jpg", "used and new": "dd/d.jpg"}
OLD, LIMIT, NEW = 1_000.0, 2_000.0, 3_000.0


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> dict[str, list[Path]]:
    """Photo and thumbnail of each name, as old as the name says."""
    settings.MEDIA_ROOT = tmp_path
    made = {}
    for what, name in NAMES.items():
        made[what] = [photos.path_of(name), photos.thumb_of(name)]
        for path in made[what]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
            at = NEW if "new" in what else OLD
            os.utime(path, (at, at))
    return made


def test_only_old_photos_without_a_row_are_deleted(files: dict[str, list[Path]]) -> None:
    used = {NAMES["used"], NAMES["used and new"]}
    assert photos.sweep_unused(used, LIMIT) == 1
    left = {what for what, paths in files.items() for path in paths if path.exists()}
    assert left == {"used", "new", "used and new"}
    assert not any(path.exists() for path in files["unused"])


def test_a_photo_as_old_as_the_limit_is_kept(files: dict[str, list[Path]]) -> None:
    assert photos.sweep_unused({NAMES["used"]}, OLD) == 0
    assert all(path.exists() for paths in files.values() for path in paths)
