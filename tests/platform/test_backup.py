"""A backup is what one snapshot saw, with every photo; it appears whole or not at all."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import re
import stat
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from config.backup import __main__ as command
from config.backup import create, manifest, pg_tools, restore
from config.backup.create import BackupResult
from config.backup.pg_tools import BackupRefused
from petitions.models import Petition, Photo
from petitions.rules import photos
from tests.drill import mutants
from tests.support.cast import PHONE, Stage, build_cast, build_town
from tests.support.tracking_client import store_photo

COPY = re.compile(r"^COPY public\.(\w+) \((.*)\) FROM stdin;$")


@dataclass
class Scene:
    """A small system in the test database, the folder of its backups, and two of them."""

    stage: Stage
    folder: Path
    first: BackupResult
    second: BackupResult
    codes: list[str]

    def file_beside(self) -> None:
        """File a report with a photo in another session, as a resident does meanwhile."""

        def file() -> None:
            self.stage.file(photos=[store_photo()])
            connection.close()

        beside = threading.Thread(target=file)
        beside.start()
        beside.join()


@pytest.fixture(scope="module")
def db(django_db_setup: None) -> None:
    """The test database, without the transaction that hides a test: pg_dump would see nothing."""


@pytest.fixture(scope="module")
def scene(
    db: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("backups") / "kept"
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media):
        town = build_town()
        stage = Stage(town, build_cast(town))
        made = Scene(stage, folder, None, None, [])  # type: ignore[arg-type]
        made.codes = [stage.file(photos=[store_photo()]).code for _ in range(2)]
        with pytest.MonkeyPatch.context() as patch:
            real = pg_tools.dump
            patch.setattr(create, "NAME", "zhaozhibu-%Y%m%dT%H%M%S%fZ")  # several in a second
            patch.setattr(pg_tools, "dump", lambda *args: (made.file_beside(), real(*args)))
            made.first = create.take(folder, 14)
            patch.setattr(pg_tools, "dump", real)
            made.second = create.take(folder, 14)
            yield made
        call_command("flush", interactive=False, verbosity=0)


def read_dump(folder: Path) -> str:
    """Return a dump as SQL."""
    program = pg_tools._program("pg_restore", pg_tools.server_major())
    command = [program, "-f", "-", folder / manifest.DUMP]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def faults(taken: BackupResult) -> list[str]:
    """Compare what is in the dump with the manifest and with the files."""
    counted: Counter[str] = Counter()
    named: list[dict[str, str]] = []
    table, columns = "", []
    for line in read_dump(taken.folder).splitlines():
        begins = COPY.match(line)
        if begins:
            table, columns = begins[1], begins[2].split(", ")
        elif line == r"\.":
            table = ""
        elif table:
            counted[table] += 1
            if table == Photo._meta.db_table:
                named.append(dict(zip(columns, line.split("\t"), strict=True)))
    found = [
        f"{name}: {counted[name]} rows, not {known}"
        for name, known in taken.sheet.tables.items()
        if counted[name] != known
    ]
    for row in named:
        file = taken.folder / "photos" / row["name"]
        if not file.exists() or manifest.digest(file) != row["sha256"]:
            found.append(f"no photo {row['name']}")
    return found + manifest.damaged(taken.folder, taken.sheet)


def test_it_is_what_the_snapshot_saw_though_reports_came_in_meanwhile(scene: Scene) -> None:
    assert scene.first.sheet.tables["petitions_petition"] == 2
    assert scene.second.sheet.tables["petitions_petition"] == 3
    assert faults(scene.first) == []
    assert faults(scene.second) == []


@pytest.mark.parametrize(
    "mutant", ["photos_first", "photo_forgotten", "photo_corrupted", "no_snapshot"]
)
def test_planted_mistakes_are_found(
    scene: Scene, mutant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module, name in ((create, "_fill"), (create, "_copy_pictures"), (pg_tools, "_run")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    monkeypatch.setattr(mutants.time, "sleep", lambda _seconds: scene.file_beside())
    mutants.MUTANTS[mutant]()
    assert faults(create.take(tmp_path, 14))


def test_nobody_else_reads_it(scene: Scene) -> None:
    files = [file for file in scene.first.folder.rglob("*") if file.is_file()]
    assert stat.S_IMODE(scene.first.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len(files) > 5


def test_neither_keys_nor_contacts_nor_codes_are_in_it(scene: Scene) -> None:
    text = read_dump(scene.first.folder) + (scene.first.folder / manifest.FILE).read_text()
    secret = [settings.SECRET_KEY, settings.TRACKING_SECRET, *settings.CONTACT_KEYS.values()]
    assert [word for word in (*secret, PHONE, *scene.codes) if word in text] == []
    assert "自来水发浑" in text  # it was read


def test_an_unchanged_photo_is_shared_with_the_backup_before(scene: Scene) -> None:
    name = sorted(manifest.pictures(scene.first.folder))[0]
    old, new = (one.folder / name for one in (scene.first, scene.second))
    assert old.stat().st_ino == new.stat().st_ino


def test_a_copy_that_went_bad_is_not_shared_any_further(scene: Scene, tmp_path: Path) -> None:
    before = create.take(tmp_path, 14).folder
    (before / next(iter(manifest.pictures(before)))).write_bytes(b"rotten")
    assert faults(create.take(tmp_path, 14)) == []


def test_a_photo_the_system_has_lost_is_said_and_replaces_no_good_backup(
    scene: Scene, tmp_path: Path
) -> None:
    row = Photo.objects.order_by("id")[0]
    file = photos.path_of(row.name)
    body = file.read_bytes()
    try:
        file.unlink()
        lame = create.take(tmp_path, 1)
        file.write_bytes(b"rotten")
        assert create.take(tmp_path, 1).sheet.photos_lost == [f"photos/{row.name}"]
    finally:
        file.write_bytes(body)
    assert lame.sheet.photos_lost == [f"photos/{row.name}"]
    assert lame.folder.name.endswith("-incomplete")
    good = create.take(tmp_path, 1)
    file.unlink()
    assert not create.take(tmp_path, 1).sheet.photos_lost  # the backup before still has it
    file.write_bytes(body)
    assert good.sheet.photos_lost == good.removed[2:] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BackupRefused("pg_dump failed."), "pg_dump failed."),
        (OSError(errno.ENOSPC, "full"), create.FULL),
    ],
)
def test_one_that_fails_leaves_nothing_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    before = sorted(scene.folder.iterdir())
    monkeypatch.setattr(pg_tools, "dump", _raising(error))
    with pytest.raises(BackupRefused, match=re.escape(said)):
        create.take(scene.folder, 1)
    assert sorted(scene.folder.iterdir()) == before


def test_too_little_space_is_said_before_anything_is_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set_free(monkeypatch, create.SPARE_BYTES)
    with pytest.raises(BackupRefused, match=r"too little space.* MB are needed"):
        create.take(scene.folder, 14)


def test_photos_are_not_copied_into_the_last_of_the_space(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _set_free(monkeypatch, 1 << 40, create.SPARE_BYTES - 1)
    with pytest.raises(BackupRefused, match="disk is full"):
        create.take(tmp_path, 14)
    assert [one.name for one in tmp_path.iterdir()] == [".lock"]


def test_only_one_runs_at_a_time(scene: Scene) -> None:
    with (scene.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupRefused, match="Another backup"):
            create.take(scene.folder, 14)


def test_what_a_killed_one_left_is_cleared_away(scene: Scene, tmp_path: Path) -> None:
    left = tmp_path / f"{create.UNFINISHED}1"
    left.mkdir()
    (left / manifest.DUMP).touch()
    create.take(tmp_path, 14)
    assert not left.exists()


def test_the_newest_are_kept(tmp_path: Path) -> None:
    names = [f"zhaozhibu-202601{day:02d}T020000Z" for day in range(1, 6)]
    lame = [f"zhaozhibu-202601{day:02d}T030000Z-incomplete" for day in (1, 5)]
    for name in (*names, *lame):
        (tmp_path / name).mkdir()
        (tmp_path / name / manifest.FILE).touch()
    (tmp_path / "something of mine").mkdir()
    assert sorted(create._remove_old(tmp_path, 3)) == [names[0], lame[0], names[1]]
    kept = {one.name for one in tmp_path.iterdir()}
    assert kept == {*names[2:], lame[1], "something of mine"}


def test_a_database_with_anything_in_it_is_left_alone(scene: Scene) -> None:
    cases = Petition.objects.count()
    with pytest.raises(BackupRefused, match="not empty"):
        restore.restore(scene.first.folder)
    assert Petition.objects.count() == cases


def test_a_damaged_backup_is_refused_before_anything_else(scene: Scene, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", scene.first.folder, copy], check=True)
    name = next(iter(manifest.pictures(copy)))
    (copy / name).write_bytes(b"x")
    with pytest.raises(BackupRefused, match=f"damaged.*{re.escape(name)}"):
        restore.restore(copy)
    (copy / manifest.DUMP).write_bytes(b"x")
    assert manifest.damaged(copy, manifest.read(copy)) == [manifest.DUMP, name]


def test_older_code_refuses_a_newer_backup(scene: Scene, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", scene.first.folder, copy], check=True)
    sheet = (copy / manifest.FILE).read_text()
    (copy / manifest.FILE).write_text(re.sub(r'"grids": "\w+"', '"grids": "9999_later"', sheet))
    with pytest.raises(BackupRefused, match=r"grids\.9999_later"):
        restore.restore(copy)


def test_an_older_server_is_not_given_what_it_cannot_read(scene: Scene, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", scene.first.folder, copy], check=True)
    sheet = (copy / manifest.FILE).read_text()
    (copy / manifest.FILE).write_text(re.sub(r'"postgres": \d+', '"postgres": 99', sheet))
    with pytest.raises(BackupRefused, match="from PostgreSQL 99"):
        restore.restore(copy)


@pytest.mark.parametrize(
    ("server", "here", "chosen"),
    [(18, [15, 18], 18), (17, [15, 18], 18), (15, [15, 18], 15), (15, [16, 18], 16)],
)
def test_the_program_fits_the_server(
    monkeypatch: pytest.MonkeyPatch, server: int, here: list[int], chosen: int
) -> None:
    monkeypatch.setattr(
        pg_tools.postgres, "program_folders", lambda _at: [Path(str(one)) for one in here]
    )
    monkeypatch.setattr(pg_tools, "_version", lambda program: int(program.parent.name))
    assert pg_tools._program("pg_dump", server) == Path(str(chosen)) / "pg_dump"
    if server < pg_tools.DUMP_FORMAT_CHANGE:  # what 18 wrote, 15 could never read
        monkeypatch.setattr(pg_tools.postgres, "program_folders", lambda _at: [Path("18")])
        with pytest.raises(BackupRefused, match=f"postgresql-client-{server}"):
            pg_tools._program("pg_dump", server)


def test_wrong_keys_are_noticed(scene: Scene) -> None:
    assert restore._wrong_keys() == []
    other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    for ring in ({"1": other}, {"2": other}):
        with override_settings(CONTACT_KEYS=ring, TRACKING_SECRET="another"):
            said = restore._wrong_keys()
        assert [line.partition(":")[0] for line in said] == ["CONTACT_KEYS", "TRACKING_SECRET"]


@pytest.mark.parametrize(
    ("name", "count", "is_wrong"),
    [
        ("fired_twice", 1, True),
        ("photo_without_file", 2, True),
        ("photo_without_file", 1, False),  # lost before the backup, and the backup says so
        ("due_not_fired", 7, False),  # the clock will see to it
        ("outbox_waiting", 7, False),
    ],
)
def test_what_breaks_a_promise_is_wrong_and_what_is_only_late_is_not(
    scene: Scene, name: str, count: int, is_wrong: bool
) -> None:
    lost = dataclasses.replace(
        scene.first.sheet, photos_lost=["photos/aa/x.jpg", "thumbs/aa/x.jpg"]
    )
    assert bool(restore._broken({"illegal_step": 0, name: count}, lost)) is is_wrong


@pytest.mark.parametrize("words", [[], ["restore"], ["check"], ["take it"], ["--help"]])
def test_what_cannot_be_meant_gets_a_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words) == 2
    assert "Usage: take" in capsys.readouterr().out


def test_a_folder_that_is_none_gets_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["check", str(tmp_path)]) == 1
    assert "is no backup" in capsys.readouterr().out


def test_without_a_fitting_program_it_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(BackupRefused, match="postgresql-client-99"):
        pg_tools._program("pg_dump", 99)
    monkeypatch.setattr(pg_tools.postgres, "program_folders", lambda _at: [])
    with pytest.raises(BackupRefused, match="found: none"):
        pg_tools._program("pg_dump", 18)


def test_what_people_wrote_stays_out_of_a_refusal() -> None:
    message = "pg_restore: error: COPY failed\nDETAIL:  Key (phone)=(139)\nCONTEXT:  COPY x, line 1"
    assert pg_tools._without_rows(message) == "pg_restore: error: COPY failed"


def _set_free(monkeypatch: pytest.MonkeyPatch, *bytes_free: int) -> None:
    """Let the disk have so much space, asked once and again."""
    left = list(bytes_free)

    def usage(_folder: Path) -> Any:
        return type("Usage", (), {"free": left.pop(0) if len(left) > 1 else left[0]})

    monkeypatch.setattr(create.shutil, "disk_usage", usage)


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_args: object) -> None:
        raise error

    return fail
