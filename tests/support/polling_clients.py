"""Clients that poll a running server and record each response."""

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

START_TIMEOUT = 60.0
PAUSE = 0.02


@dataclass(frozen=True)
class Server:
    """The address of a server: host and port."""

    at: str

    def get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send one request on a new connection."""
        request = http.client.HTTPConnection(self.at, timeout=20)
        try:
            request.request("GET", path, headers=headers)
            answer = request.getresponse()
            return answer.status, answer.read()
        finally:
            request.close()


@contextmanager
def gunicorn(folder: Path, *, workers: int = 2) -> Iterator[Server]:
    """Start gunicorn on the test's database, in processes of eight threads.

    The listening socket is opened here and passed on, so no other process can take the port.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    at = listener.fileno()
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
    server = Server(f"127.0.0.1:{listener.getsockname()[1]}")
    try:
        _wait_until_ready(server, child)
        yield server
    finally:
        child.terminate()
        child.wait()
        listener.close()


def _wait_until_ready(server: Server, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and child.poll() is None:
        try:
            if server.get("/livez", {})[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The web server does not answer.")


@dataclass
class Poller:
    """A session that polls one URL; `mark` is in the body only when access is allowed."""

    name: str
    path: str
    headers: dict[str, str]
    mark: bytes
    answers: list[tuple[float, bool, int]] = field(default_factory=list)

    def run(self, server: Server, stop: threading.Event) -> None:
        """Poll until `stop`; record start time, access and status of each request."""
        while not stop.is_set():
            began = time.monotonic()
            status, body = server.get(self.path, self.headers)
            self.answers.append((began, status == 200 and self.mark in body, status))
            time.sleep(PAUSE)

    def last_allowed(self, since: float) -> float:
        """Return the seconds from `since` to the start of the last allowed request; 0 for none."""
        return max(
            (began - since for began, was_allowed, _s in self.answers if was_allowed), default=0.0
        )

    def polls_after(self, instant: float) -> int:
        """Count the requests that began after an instant."""
        return sum(began >= instant for began, _was_allowed, _status in self.answers)


@contextmanager
def polling(server: Server, pollers: list[Poller]) -> Iterator[None]:
    """Run all pollers in threads during the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=poller.run, args=(server, stop)) for poller in pollers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
