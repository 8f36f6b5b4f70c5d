"""A whole system in a folder of its own, started by the supervisor and proved to be ours."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local import paths
from config.local.embedded.process import end_with_parent, last_lines
from tests.support.stack import Stack

PATIENCE = 120.0
FOREIGN = frozenset(
    {"PRODUCTION", "DATABASE_URL", "REDIS_URL", "MEDIA_ROOT", "DEBUG", "DEMO", "HOST", "PORT"}
)


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment that says where a system lives, and nothing of any other."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    ours = {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return kept | ours | {"LOG_FORMAT": "json"} | more


def call(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one of our modules against the system of a folder."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=paths.ROOT,
        env=surroundings(folder, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Stack]:
    """Run services, web, worker and beat of a folder on a free port; all of it ends with us."""
    folder.mkdir(parents=True, exist_ok=True)
    at, log, port = paths.find(folder), folder / "run.log", _free_port()
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "config.local.supervisor"],
            cwd=paths.ROOT,
            env=surroundings(folder, PORT=str(port), **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
    try:
        until = time.monotonic() + PATIENCE
        while not _is_ours(at, supervisor.pid, port, log):
            if supervisor.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"It does not start. {log} ends:\n{last_lines(log, 15)}")
            time.sleep(0.05)
        yield Stack(f"http://127.0.0.1:{port}", at)
    finally:
        supervisor.terminate()
        supervisor.wait()


def _is_ours(at: paths.DataPaths, supervisor: int, port: int, log: Path) -> bool:
    """Tell whether all parts run, and whether it is our web server that has the port."""
    if "is running at" not in log.read_text(errors="replace"):
        return False
    holder = json.loads(at.lock.read_text() or "{}")
    return bool(holder.get("pid") == supervisor and holder["address"].endswith(f":{port}/"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
