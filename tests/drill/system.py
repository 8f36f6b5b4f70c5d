"""A complete system in its own folder, started by the supervisor."""

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

START_TIMEOUT = 120.0
NOT_INHERITED = frozenset(
    {
        "PRODUCTION",
        "DATABASE_URL",
        "OWNER_DATABASE_URL",
        "REDIS_URL",
        "MEDIA_ROOT",
        "DEBUG",
        "DEMO",
        "HOST",
        "PORT",
    }
)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment variables of the system in a folder."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    own = {"VAR_DIR": str(folder), "ENV_FILE": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    return inherited | own | {"LOG_FORMAT": "json"} | more


def call(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the project on the system of a folder."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=paths.ROOT,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Stack]:
    """Run services, web, worker and beat of a folder on a free port; all end with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    at, log, port = paths.find(folder), folder / "run.log", _free_port()
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "config.local.supervisor"],
            cwd=paths.ROOT,
            env=environment(folder, PORT=str(port), **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
    try:
        until = time.monotonic() + START_TIMEOUT
        while not _is_running(at, supervisor.pid, port, log):
            if supervisor.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"It does not start. {log} ends:\n{last_lines(log, 15)}")
            time.sleep(0.05)
        yield Stack(f"http://127.0.0.1:{port}", at)
    finally:
        supervisor.terminate()
        supervisor.wait()


def _is_running(at: paths.DataPaths, supervisor: int, port: int, log: Path) -> bool:
    """Return whether the supervisor of this process is running on the port."""
    if "is running at" not in log.read_text(errors="replace"):
        return False
    holder = json.loads(at.lock.read_text() or "{}")
    return bool(holder.get("pid") == supervisor and holder["address"].endswith(f":{port}/"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
