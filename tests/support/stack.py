"""A stack for one run of the tests: PostgreSQL, Valkey, web, worker and beat.

It is the stack of `make run` in its own folder below `var/test` and on a free port. All test
processes of a run share it; it stops when the last of them releases its lock, also when they are
killed. A concurrent run gets another stack.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from config.local import embedded, paths
from config.local.embedded import postgres
from config.local.embedded.process import end_with_parent, last_lines
from tests.support import demo_database

DATABASE = postgres.DATABASE
SLOTS = 8
START_TIMEOUT = 240.0  # seconds until everything must run; the sample takes most of them
SHORT_DEADLINE_GRID = "迎宾路第二网格"
SHORT_DEADLINE_PLACE = "阜兴花苑20号楼"
# A service standard for one grid: an urgent report is escalated after seconds.
SHORT_DEADLINES = """
    INSERT INTO petitions_standard (region_id, urgency, is_round_the_clock, contact_within,
        resolve_within, answer_within, confirm_within, redo_within)
    SELECT id, 'urgent', true, '6 seconds', '10 minutes', '20 seconds', '1 day', '1 day'
    FROM grids_area WHERE name = %s"""

SHORT_TASK_PLACE = "阜兴花苑48号楼"
SHORT_TASKS = """
    INSERT INTO petitions_standard (region_id, urgency, is_round_the_clock, contact_within,
        resolve_within, answer_within, confirm_within, redo_within, acknowledge_within,
        conclude_within)
    SELECT id, 'urgent', true, '20 minutes', '1 hour', '20 minutes', '1 day', '1 day', '30 seconds',
        '35 seconds'
    FROM grids_area WHERE full_name = %s"""
"""A service standard for one building: a task of a department is overdue after half a minute."""

_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Stack:
    """A running stack: its address and its folders."""

    address: str
    at: paths.DataPaths

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Query the stack's database through its socket."""
        connection = postgres.connect(self.at, DATABASE)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def value(self, query: str, *values: object) -> Any:
        """Return the first column of the first row; IndexError when there is none."""
        return self.rows(query, *values)[0][0]

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command against the stack."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command,
            cwd=paths.ROOT,
            env=_environment(self.at.var),
            capture_output=True,
            text=True,
            check=False,
        )

    def logged(self) -> str:
        """Return the logs of all processes."""
        return "\n".join(file.read_text(errors="replace") for file in self.at.logs.glob("*.log"))


@contextmanager
def shared(run: str) -> Iterator[Stack]:
    """Yield the stack of this test run; the first process starts it."""
    stack, user = _join(run)
    try:
        yield stack
    finally:
        user.close()  # the last process to release the lock stops it
        while _started:
            _started.pop().wait()


def _join(run: str) -> tuple[Stack, TextIOWrapper]:
    for number in range(SLOTS):
        folder = paths.ROOT / "var" / "test" / f"stack-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "slot.lock").open("w") as slot:
            fcntl.flock(slot, fcntl.LOCK_EX)
            user = (folder / "users.lock").open("a+")
            while not _is_unused(user):
                fcntl.flock(user, fcntl.LOCK_SH)  # waits for a stack that is ending
                if (folder / "ready").exists():
                    break
            else:
                return _start(folder, run), user
            run_info = json.loads((folder / "run.json").read_text())
            if run_info["run"] == run:
                return Stack(run_info["address"], paths.find(folder)), user
            user.close()
    raise RuntimeError(f"{SLOTS} runs of the tests have a stack already.")


def _is_unused(user: TextIOWrapper) -> bool:
    """Tell whether no process uses the slot, and lock it if so."""
    try:
        fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(user, fcntl.LOCK_SH)
    return True


def _start(folder: Path, run: str) -> Stack:
    at = paths.find(folder)
    address = f"http://localhost:{_free_port()}"
    (folder / "run.json").write_text(json.dumps({"run": run, "address": address}))
    command = [sys.executable, "-m", "tests.support.stack", str(folder), address.rpartition(":")[2]]
    with (folder / "stack.log").open("wb") as log:
        child = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(folder),
            start_new_session=True,
        )
    _started.append(child)
    until = time.monotonic() + START_TIMEOUT
    while not (folder / "ready").exists():
        if child.poll() is not None or time.monotonic() > until:
            child.terminate()
            said = last_lines(folder / "stack.log", 15)
            raise RuntimeError(f"The stack does not start. {folder / 'stack.log'} ends:\n{said}")
        time.sleep(0.1)
    return Stack(address, at)


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of the stack's processes."""
    return demo_database.environment(folder) | {
        "LOG_FORMAT": "json",
        "WEB_WORKERS": "1",
        "WEB_MAX_REQUESTS": "0",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- The stack's own process ------------------------------------------------------------------


def main(folder: Path, port: int) -> int:
    """Fill the database, run the supervisor, stop it when no process uses the stack."""
    at = paths.find(folder)
    (folder / "ready").unlink(missing_ok=True)
    for log in at.logs.glob("*.log") if at.logs.exists() else ():
        log.unlink()
    shutil.rmtree(at.services / "valkey", ignore_errors=True)
    shutil.rmtree(at.var / "anchors", ignore_errors=True)  # they bind the database of another run
    fill(at)
    environment = os.environ | {"PORT": str(port)}
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "config.local.supervisor"],
        env=environment,
        preexec_fn=end_with_parent(signal.SIGTERM),
    )
    signal.signal(signal.SIGTERM, lambda *_: supervisor.terminate())
    with (folder / "users.lock").open("w") as users:
        while supervisor.poll() is None:
            if not (folder / "ready").exists() and _answers(at, supervisor.pid, port):
                (folder / "ready").touch()
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.2)
        (folder / "ready").unlink(missing_ok=True)
        supervisor.terminate()
        supervisor.wait()
    return 0


def _answers(at: paths.DataPaths, supervisor: int, port: int) -> bool:
    """Tell whether all processes run and our web server has the port."""
    if "is running at" not in last_lines(at.var / "stack.log", 80):
        return False
    holder = json.loads(at.lock.read_text() or "{}")
    return bool(holder.get("pid") == supervisor and holder["address"].endswith(f":{port}/"))


def fill(at: paths.DataPaths) -> None:
    """Copy the sample and add service standards of seconds for one grid and one building."""
    demo_database.copy_to(at)
    services = embedded.start(at, durable=False, broker=False, bound=True)
    try:
        _add_short_deadlines(at)
    finally:
        services.stop()


def _add_short_deadlines(at: paths.DataPaths) -> None:
    connection = postgres.connect(at, DATABASE)
    try:
        with connection.cursor() as cursor:
            cursor.execute(SHORT_DEADLINES, [SHORT_DEADLINE_GRID])
            assert cursor.rowcount == 1, f"there is no {SHORT_DEADLINE_GRID}"
            cursor.execute(SHORT_TASKS, [SHORT_TASK_PLACE])
            assert cursor.rowcount == 1, f"there is no {SHORT_TASK_PLACE}"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
