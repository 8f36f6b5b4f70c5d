"""Sessions that keep asking a running server, and what each was told when."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from config.local import paths

PATIENCE = 60.0
PAUSE = 0.02


@dataclass(frozen=True)
class Server:
    """Where a server listens: a host with its port."""

    at: str

    def get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """Ask once on a connection of its own."""
        asked = http.client.HTTPConnection(self.at, timeout=20)
        try:
            asked.request("GET", path, headers=headers)
            answer = asked.getresponse()
            return answer.status, answer.read()
        finally:
            asked.close()


@contextmanager
def gunicorn(folder: Path, *, workers: int = 2) -> Iterator[Server]:
    """Start the real web server over the test's database, in processes of eight threads.

    The port is listened to here and handed over, so that nobody else can answer on it.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    at = listening.fileno()
    command = [sys.executable, "-m", "gunicorn", "-b", f"fd://{at}", "-k", "gthread"]
    more = ["--workers", str(workers), "--threads", "8", "--no-control-socket", "config.wsgi"]
    with (folder / "web.log").open("wb") as log:
        child = subprocess.Popen(
            [*command, *more],
            cwd=paths.ROOT,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.support.live_settings",
                "SERVED_DATABASE": str(connection.settings_dict["NAME"]),
                "SERVED_MEDIA": str(folder),
            },
            pass_fds=[at],
            stdout=log,
            stderr=log,
        )
    server = Server(f"127.0.0.1:{listening.getsockname()[1]}")
    try:
        _await(server, child)
        yield server
    finally:
        child.terminate()
        child.wait()
        listening.close()


def _await(server: Server, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and child.poll() is None:
        try:
            if server.get("/livez", {})[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web server does not answer.")


@dataclass
class Poller:
    """One session asking for one address again and again; `mark` is what only rights show."""

    name: str
    path: str
    headers: dict[str, str]
    mark: bytes
    told: list[tuple[float, bool, int]] = field(default_factory=list)

    def run(self, server: Server, ended: threading.Event) -> None:
        """Ask until told to end; note when each question began and whether it was let in."""
        while not ended.is_set():
            began = time.monotonic()
            status, body = server.get(self.path, self.headers)
            self.told.append((began, status == 200 and self.mark in body, status))
            time.sleep(PAUSE)

    def last_let_in(self, since: float) -> float:
        """Return how long after an instant the last question began that was let in; 0 for none."""
        return max((began - since for began, let_in, _s in self.told if let_in), default=0.0)

    def asked_after(self, instant: float) -> int:
        """Count the questions that began after an instant."""
        return sum(began >= instant for began, _let_in, _status in self.told)


@contextmanager
def polling(server: Server, pollers: list[Poller]) -> Iterator[None]:
    """Let all of them ask at once while something happens."""
    ended = threading.Event()
    threads = [threading.Thread(target=one.run, args=(server, ended)) for one in pollers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
