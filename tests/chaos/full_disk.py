"""The disk of the photos, then that of the database, is full.

Both live on small file systems in a mount namespace that ends with the harness. Refusals must say
so, nothing may be half written, and the system must continue by itself when there is space again.
Only root can mount; without root the harness reports that it did not run.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import psycopg2

from config.local.embedded import ServiceError, postgres
from config.local.embedded.process import SystemAccount, account
from tests.chaos import checks, fixtures
from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import Browser, ClientPool, PartnerClient, RecordedResponse, Response
from tests.chaos.results import ChaosResult

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


def run(scale: float) -> ChaosResult:
    """Fill both disks, one after the other, and judge."""
    result = ChaosResult("full_disk", scale)
    why = is_possible()
    if why:
        result.figures["not run"] = why
        result.at_least("a small file system could be mounted", 0, 1)
        return result
    leave_common_mounts()
    with SmallDiskCluster("full_disk", webs=2, workers=1, beats=1) as cluster:
        cluster.start()
        exercise(result, cluster, max(6.0, 20 * scale))
        cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 60)
        result.expect_zero(checks.all_checks(cluster))
    return result


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
HALF = """
    SELECT count(*) FROM petitions_petition p WHERE p.text LIKE 'full-%%' AND (
        (SELECT count(*) FROM petitions_event e WHERE e.petition_id = p.id) < 1
        OR (SELECT count(*) FROM petitions_deadline d WHERE d.petition_id = p.id) < 2
        OR (SELECT count(*) FROM petitions_photo f WHERE f.petition_id = p.id)
            <> CASE WHEN p.text LIKE '%%-photo-%%' THEN 1 ELSE 0 END)"""


class SmallDiskCluster(Cluster):
    """A stack whose photos and whose database lie on small file systems."""

    def prepare(self) -> None:
        """Start as usual, then move photos and database to where there is little room."""
        super().prepare()
        self.database.stop()
        self.photos = self._move(self.at.var / "media", owner=None)
        self.rows_at = self._move(postgres.data_folder(self.at), owner=account())
        self.database.start()

    def _move(self, folder: Path, owner: SystemAccount | None) -> Path:
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

    def supervise(self) -> None:
        """Tend; a database that has no room to start yet is tried again later."""
        with suppress(ServiceError):
            super().supervise()

    def end(self) -> None:
        """End everything, and take the file systems away."""
        super().end()
        for name in ("photos", "rows_at"):
            if hasattr(self, name):
                subprocess.run(["umount", "-l", getattr(self, name)], check=False)


def fill(folder: Path, left: int = 0) -> Path:
    """Fill a file system, but for so many bytes; return the file that does it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as result:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while os.statvfs(folder).f_bavail * 4096 > left or not left:
                    result.write(bytes(size))
    return ballast


def exercise(result: ChaosResult, cluster: SmallDiskCluster, duration: float) -> None:
    """Fill and free both disks while reports with photos are sent."""
    photos_only(result, cluster, duration)
    with result.phase("no room for the database"):
        _fill_up(result, cluster, "database", cluster.rows_at, duration)


def photos_only(result: ChaosResult, cluster: SmallDiskCluster, duration: float) -> None:
    """Fill and free the disk of the photos only."""
    with result.phase("no room for photos"):
        _fill_up(result, cluster, "photos", cluster.photos, duration)


def _fill_up(
    result: ChaosResult, cluster: SmallDiskCluster, what: str, folder: Path, duration: float
) -> None:
    partner = fixtures.partner(cluster)
    line = postgres.connect(cluster.at, postgres.DATABASE)  # a new one needs room itself
    acked: dict[str, int] = {}
    with ClientPool(_acts(cluster, partner, what, acked)) as crowd:
        cluster.run_for(1.0)
        began = time.time()
        ballast = fill(folder, LEFT)
        cluster.run_for(duration / 2)
        with suppress(OSError), ballast.open("ab", buffering=0) as out_file:
            while True:
                out_file.write(bytes(512))
        if what == "database":
            _need_new_journal(line)
        cluster.run_for(duration / 2)
        ballast.unlink()
        freed = time.time()
        cluster.wait_until(lambda: len(_filed(crowd, freed)) >= 3, 60)
        cluster.run_for(1.0)
    _judge(result, cluster, what, crowd, began, freed)
    rows = dict(cluster.rows("SELECT id, text FROM petitions_petition WHERE text LIKE 'full-%%'"))
    result.at_most(f"{what}: acked but missing", sum(rows.get(pk) != t for t, pk in acked.items()))
    result.at_most(f"{what}: half written", cluster.scalar(HALF))
    left = [
        file for file in cluster.photos.rglob("*") if file.is_file() and not file.stat().st_size
    ]
    result.at_most(f"{what}: empty photo files left", len(left))
    if what == "database":
        result.at_least("database: panics for want of room", _panics(cluster), 1)


def _need_new_journal(line: psycopg2.extensions.connection) -> None:
    """Make the database need more files for its journal, which it cannot have: it panics."""
    with suppress(psycopg2.Error), line.cursor() as cursor:
        for _times in range(JOURNALS):
            cursor.execute("SELECT pg_logical_emit_message(true, 'ballast', repeat('x', 8000000))")
    line.close()


def _panics(cluster: SmallDiskCluster) -> int:
    return (cluster.at.logs / "postgres.log").read_text(errors="replace").count("PANIC")


def _acts(
    cluster: SmallDiskCluster, partner: PartnerClient, what: str, acked: dict[str, int]
) -> dict[str, Callable[[int], Response]]:
    numbers = itertools.count()
    port = cluster.webs[0].port

    def file(word: str, photos: int) -> Response:
        text = f"full-{what}-{word}-{next(numbers)}"
        response = partner.submit(partner.report(text, photos), f"{text}-key")
        if response.status == HTTPStatus.CREATED:
            acked[text] = response.data["id"]
        return response

    def look(_number: int) -> Response:
        return Browser(port, "203.0.113.8").open("/report/")

    return {
        "file": lambda _n: file("plain", 0),
        "file with a photo": lambda _n: file("photo", 1),
        "another with a photo": lambda _n: file("photo", 1),
        "look": look,
    }


def _filed(crowd: ClientPool, at: float) -> list[RecordedResponse]:
    """Return the reports with a photo that were begun after an instant and filed."""
    return [
        one
        for one in crowd.since(at)
        if one.response.status == HTTPStatus.CREATED and "photo" in one.what
    ]


def _judge(
    result: ChaosResult,
    cluster: SmallDiskCluster,
    what: str,
    crowd: ClientPool,
    began: float,
    freed: float,
) -> None:
    responses = [one for one in crowd.responses if one.at >= began - 1]
    refused = [
        one for one in responses if one.response.status not in {HTTPStatus.CREATED, HTTPStatus.OK}
    ]
    wrong = [one for one in refused if not one.response.is_honest_refusal]
    result.at_most(f"{what}: neither done nor honestly refused", len(wrong))
    result.at_least(f"{what}: refused, so the disk was full", len(refused), 3)
    done = _filed(crowd, freed)
    back = done[0].at + done[0].response.seconds - freed if done else 999
    result.at_most(f"{what}: filed again after, s", round(back, 1), RECOVERED)
    plain = [one for one in responses if one.what == "file" and one not in refused]
    result.figures[what] = {
        "asked": len(responses),
        "refused": len(refused),
        "filed without a photo meanwhile": sum(began < one.at < freed for one in plain),
        "odd": sorted({(one.what, one.response.status) for one in wrong}),
        "panics of the database": _panics(cluster),
    }


def leave_common_mounts() -> None:
    """Enter a new mount namespace, which ends with this process."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), errno.errorcode[ctypes.get_errno()])
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
