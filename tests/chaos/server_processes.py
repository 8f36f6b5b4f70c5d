"""Processes of a cluster, which can be killed, suspended, stopped and started."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.local import embedded, paths
from config.local.embedded.process import end_with_parent, launch
from tests.chaos.process_table import children_of

RESTART_DELAY = 0.5  # seconds, as the first back-off of the supervisor


@dataclass
class ServerProcess:
    """One process of the application, and how often it was started."""

    name: str
    command: list[str]
    log: Path
    variables: dict[str, str]
    port: int = 0
    should_run: bool = True
    starts: int = 0
    retry_at: float = 0.0
    log_offset: int = 0  # bytes of the log when it was started last
    ready_pid: int = 0  # the process that has said that it is ready
    server: embedded.Server | None = None
    sessions: set[int] = field(default_factory=set)

    @property
    def pid(self) -> int:
        """The process as it was started last."""
        assert self.server, f"{self.name} was never started"
        return self.server.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self.server is not None and self.server.is_alive()

    def is_ready(self) -> bool:
        """Tell whether a worker says that it takes messages."""
        if not self.is_alive():
            return False
        if self.ready_pid != self.pid:
            with self.log.open("rb") as said:
                said.seek(self.log_offset)
                self.ready_pid = self.pid if b"@cluster ready." in said.read() else 0
        return self.ready_pid == self.pid

    def start(self) -> None:
        """Start it; it is not waited for."""
        self.log_offset = self.log.stat().st_size if self.log.exists() else 0
        child = launch(
            [sys.executable, "-m", *self.command],
            log=self.log,
            folder=paths.ROOT,
            run_as=None,
            ending=signal.SIGKILL,
            bound=True,
            variables=self.variables,
        )
        self.server = embedded.Server(self.name, child.pid, signal.SIGTERM, child)
        self.sessions.add(child.pid)
        self.starts += 1
        self.should_run = True

    def kill(self, *, whole: bool = True) -> None:
        """SIGKILL at once: with all its processes, or only the one that was started."""
        if self.is_alive():
            os.killpg(self.pid, signal.SIGKILL) if whole else os.kill(self.pid, signal.SIGKILL)
            self.wait_for_exit()

    def kill_child(self) -> bool:
        """SIGKILL one of the processes that it has forked; False when there is none."""
        children = children_of(self.pid) if self.is_alive() else []
        if children:
            os.kill(children[0], signal.SIGKILL)
        return bool(children)

    def stop(self, timeout: float = 15.0) -> None:
        """Ask it to end in order, and do not start it again."""
        self.should_run = False
        if self.server:
            self.server.stop(timeout)

    def suspend(self) -> None:
        """Hold all its processes where they are (SIGSTOP)."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def supervise(self, now: float) -> None:
        """Start it again, after the supervisor's pause, when it has died."""
        if not self.should_run or self.is_alive():
            return
        if self.server:
            self.server, self.retry_at = None, now + RESTART_DELAY
        elif now >= self.retry_at:
            self.start()

    def wait_for_exit(self) -> None:
        """Wait for a killed process to end."""
        while self.is_alive():
            time.sleep(0.005)


class ForkedTask:
    """A copy of the harness that does one piece of work and ends; what it has loaded it has."""

    def __init__(self, work: Callable[[], None], log: Path) -> None:
        from django.db import connection

        connection.close()  # two processes must never share one
        bind = end_with_parent(signal.SIGKILL)
        sys.stdout.flush()
        self.pid = os.fork()
        self.status: int | None = None
        if self.pid:
            return
        status = 1
        try:
            os.setsid()
            if bind:
                bind()
            signal.setitimer(signal.ITIMER_REAL, 0)
            with log.open("a") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - the copy must never go on as the harness
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def is_alive(self) -> bool:
        """Tell whether it is still at work."""
        if self.status is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if found else None
        return self.status is None

    def end(self) -> None:
        """Kill it if it is still at work."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL


class Service:
    """PostgreSQL or Valkey of the cluster."""

    def __init__(self, name: str, ensure: Callable[[], embedded.Server]) -> None:
        self.name = name
        self._ensure = ensure
        self.should_run = True
        self.server: embedded.Server | None = None
        self.kills = 0
        self.up_at = time.monotonic()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.server, f"{self.name} was never started"
        return self.server.pid

    def is_alive(self) -> bool:
        """Tell whether the server runs."""
        return self.server is not None and self.server.is_alive()

    def start(self) -> None:
        """Start the server and wait until it responses_by_key and has proved to be ours."""
        self.should_run = True
        self.server = self._ensure()
        assert self.server.started_here, (
            f"{self.name} here runs already, started by another process"
        )
        self.up_at = time.monotonic()

    def kill(self) -> None:
        """SIGKILL the server."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            self.kills += 1
            while self.is_alive():
                time.sleep(0.002)

    def stop(self, timeout: float = 20.0) -> None:
        """Stop the server in order, and do not start it again."""
        self.should_run = False
        if self.server:
            self.server.stop(timeout)

    def restart(self) -> None:
        """Stop the server in order and start it again."""
        self.stop()
        self.start()

    def suspend(self) -> None:
        """Hold the server where it is (SIGSTOP); PostgreSQL's own children go on."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def supervise(self) -> None:
        """Start the server again when it has died."""
        if self.should_run and not self.is_alive():
            self.start()
