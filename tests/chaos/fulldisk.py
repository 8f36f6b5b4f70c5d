"""The disk is full, for photos and for the database: P14.

Photos and database each live on a small file system of their own, in a mount namespace that ends
with the harness. Refusals are honest, nothing is half written, and once there is room again
everything goes on by itself. Only root may mount; without it this harness says so and proves
nothing.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
import shutil
import subprocess
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import psycopg2

from config.local.embedded import ServiceError, postgres
from config.local.embedded.process import Account, account
from tests.chaos import checks, fixtures
from tests.chaos.cluster import Rig
from tests.chaos.http_clients import Answer, Browser, Crowd, Heard, Partner
from tests.chaos.results import Outcome

NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
ROOM = 64  # MiB on top of what is there
RECOVERED = 20.0  # seconds after there is room until a report is filed again
JOURNALS = 60  # halves of a journal file: more than are ever kept ready
LEFT = 256 * 1024  # bytes left in the beginning, so that some things still fit


def is_possible() -> str:
    """Return why this cannot be run here; empty when it can."""
    if os.geteuid() != 0:
        return "only root may mount a small file system"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "no file system can be mounted here"


def run(scale: float) -> Outcome:
    """Fill both disks, one after the other, and judge."""
    out = Outcome("fulldisk", scale)
    why = is_possible()
    if why:
        out.figures["not run"] = why
        out.at_least("a small file system could be mounted", 0, 1)
        return out
    leave_common_mounts()
    with SmallRig("fulldisk", webs=2, workers=1, beats=1) as rig:
        rig.start()
        go(out, rig, max(6.0, 20 * scale))
        rig.tend_until(lambda: rig.one(OWED) == 0, 60)
        out.verdict(checks.over_everything(rig))
    return out


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
HALF = """
    SELECT count(*) FROM petitions_petition p WHERE p.text LIKE 'full-%%' AND (
        (SELECT count(*) FROM petitions_event e WHERE e.petition_id = p.id) < 1
        OR (SELECT count(*) FROM petitions_deadline d WHERE d.petition_id = p.id) < 2
        OR (SELECT count(*) FROM petitions_photo f WHERE f.petition_id = p.id)
            <> CASE WHEN p.text LIKE '%%-photo-%%' THEN 1 ELSE 0 END)"""


class SmallRig(Rig):
    """A stack whose photos and whose database lie on small file systems."""

    def prepare(self) -> None:
        """Start as usual, then move photos and database to where there is little room."""
        super().prepare()
        self.database.stop()
        self.photos = self._move(self.at.var / "media", owner=None)
        self.rows_at = self._move(postgres.data_folder(self.at), owner=account())
        self.database.start()

    def _move(self, folder: Path, owner: Account | None) -> Path:
        small = folder.with_name(f"small-{folder.name}")
        small.mkdir()
        used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20
        size = f"size={int(used * 1.1) + ROOM}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", small], check=True)
        subprocess.run(["cp", "-a", f"{folder}/.", small], check=True)
        shutil.rmtree(folder)
        folder.symlink_to(small)
        if owner is not None:
            os.chown(small, owner.uid, owner.gid)
            small.chmod(0o700)
        return small

    def tend(self) -> None:
        """Tend; a database that has no room to start yet is tried again later."""
        with suppress(ServiceError):
            super().tend()

    def end(self) -> None:
        """End everything, and take the file systems away."""
        super().end()
        for name in ("photos", "rows_at"):
            if hasattr(self, name):
                subprocess.run(["umount", "-l", getattr(self, name)], check=False)


def fill(folder: Path, left: int = 0) -> Path:
    """Fill a file system, but for so many bytes; return the file that does it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while os.statvfs(folder).f_bavail * 4096 > left or not left:
                    out.write(bytes(size))
    return ballast


def go(out: Outcome, rig: SmallRig, lasting: float) -> None:
    """Fill and free both disks while reports with photos are sent."""
    photos_only(out, rig, lasting)
    with out.phase("no room for the database"):
        _fill_up(out, rig, "database", rig.rows_at, lasting)


def photos_only(out: Outcome, rig: SmallRig, lasting: float) -> None:
    """Fill and free the disk of the photos only."""
    with out.phase("no room for photos"):
        _fill_up(out, rig, "photos", rig.photos, lasting)


def _fill_up(out: Outcome, rig: SmallRig, what: str, folder: Path, lasting: float) -> None:
    partner = fixtures.partner(rig)
    line = postgres.connect(rig.at, postgres.DATABASE)  # a new one needs room itself
    acked: dict[str, int] = {}
    with Crowd(_acts(rig, partner, what, acked)) as crowd:
        rig.tend_for(1.0)
        began = time.time()
        ballast = fill(folder, LEFT)
        rig.tend_for(lasting / 2)
        with suppress(OSError), ballast.open("ab", buffering=0) as out_file:
            while True:
                out_file.write(bytes(512))
        if what == "database":
            _need_new_journal(line)
        rig.tend_for(lasting / 2)
        ballast.unlink()
        freed = time.time()
        rig.tend_until(lambda: len(_filed(crowd, freed)) >= 3, 60)
        rig.tend_for(1.0)
    _judge(out, rig, what, crowd, began, freed)
    rows = dict(rig.rows("SELECT id, text FROM petitions_petition WHERE text LIKE 'full-%%'"))
    out.at_most(f"{what}: acked but missing", sum(rows.get(pk) != t for t, pk in acked.items()))
    out.at_most(f"{what}: half written", rig.one(HALF))
    left = [file for file in rig.photos.rglob("*") if file.is_file() and not file.stat().st_size]
    out.at_most(f"{what}: empty photo files left", len(left))
    if what == "database":
        out.at_least("database: panics for want of room", _panics(rig), 1)


def _need_new_journal(line: psycopg2.extensions.connection) -> None:
    """Make the database need more files for its journal, which it cannot have: it panics."""
    with suppress(psycopg2.Error), line.cursor() as cursor:
        for _times in range(JOURNALS):
            cursor.execute("SELECT pg_logical_emit_message(true, 'ballast', repeat('x', 8000000))")
    line.close()


def _panics(rig: SmallRig) -> int:
    return (rig.at.logs / "postgres.log").read_text(errors="replace").count("PANIC")


def _acts(rig: SmallRig, partner: Partner, what: str, acked: dict[str, int]) -> dict[str, object]:
    numbers = itertools.count()
    port = rig.webs[0].port

    def file(word: str, photos: int) -> Answer:
        text = f"full-{what}-{word}-{next(numbers)}"
        answer = partner.file(partner.report(text, photos), f"{text}-key")
        if answer.status == HTTPStatus.CREATED:
            acked[text] = answer.said["id"]
        return answer

    def look(_number: int) -> Answer:
        return Browser(port, "203.0.113.8").open("/report/")

    return {
        "file": lambda _n: file("plain", 0),
        "file with a photo": lambda _n: file("photo", 1),
        "another with a photo": lambda _n: file("photo", 1),
        "look": look,
    }


def _filed(crowd: Crowd, at: float) -> list[Heard]:
    """Return the reports with a photo that were begun after an instant and filed."""
    return [
        one
        for one in crowd.since(at)
        if one.answer.status == HTTPStatus.CREATED and "photo" in one.what
    ]


def _judge(
    out: Outcome, rig: SmallRig, what: str, crowd: Crowd, began: float, freed: float
) -> None:
    heard = [one for one in crowd.heard if one.at >= began - 1]
    refused = [one for one in heard if one.answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}]
    wrong = [one for one in refused if not one.answer.is_honest]
    out.at_most(f"{what}: neither done nor honestly refused", len(wrong))
    out.at_least(f"{what}: refused, so the disk was full", len(refused), 3)
    done = _filed(crowd, freed)
    back = done[0].at + done[0].answer.seconds - freed if done else 999
    out.at_most(f"{what}: filed again after, s", round(back, 1), RECOVERED)
    plain = [one for one in heard if one.what == "file" and one not in refused]
    out.figures[what] = {
        "asked": len(heard),
        "refused": len(refused),
        "filed without a photo meanwhile": sum(began < one.at < freed for one in plain),
        "odd": sorted({(one.what, one.answer.status) for one in wrong}),
        "panics of the database": _panics(rig),
    }


def leave_common_mounts() -> None:
    """Enter a mount namespace of one's own: what is mounted in it is gone with this process."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), errno.errorcode[ctypes.get_errno()])
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
