"""Run services, web, worker and beat of `make run`, and restart those that end."""

import errno
import fcntl
import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from config.local import embedded, init_database, paths
from config.local.embedded.process import exists, last_lines, launch

STABLE_SECONDS = 60.0  # a process that ran this long is restarted without back-off
MAX_BACKOFF = 30.0  # seconds
_PYTHON = Path(sys.executable)
_IN_USE = "Port {port} is in use by another program. Stop that one, or choose: make run PORT={next}"


@dataclass
class SupervisedProcess:
    """A child process and its restart state.

    `stop_timeout`: seconds to finish its work when stopped. `backoff`: seconds before a restart.
    """

    name: str
    command: list[str]
    stop_timeout: float
    log: Path
    server: embedded.Server | None = None
    started_at: float = 0.0
    backoff: float = 0.0
    retry_at: float = field(default=0.0)

    def start(self) -> None:
        """Start the process; its output goes to its log."""
        child = launch(
            [_PYTHON, "-m", *self.command],
            log=self.log,
            folder=paths.ROOT,
            run_as=None,
            ending=signal.SIGTERM,
            bound=True,
            variables=_MALLOC | os.environ,
        )
        self.server = embedded.Server(self.name, child.pid, signal.SIGTERM, child)
        self.started_at = time.monotonic()

    def restart_if_ended(self) -> None:
        """Restart the process when it has ended, with exponential back-off."""
        now = time.monotonic()
        if self.server and self.server.is_alive():
            return
        if self.server:
            self.server = None
            was_stable = now - self.started_at > STABLE_SECONDS
            self.backoff = 0.5 if was_stable else min(max(0.5, self.backoff * 2), MAX_BACKOFF)
            self.retry_at = now + self.backoff
            say(f"{self.name} has ended; restarting it in {self.backoff:g} s (log: {self.log})")
        elif now >= self.retry_at:
            self.start()

    def request_stop(self) -> None:
        """Ask the process to finish its work and end."""
        if self.server:
            self.server.request_stop()

    def stop(self) -> None:
        """Wait for the process to end; kill it after its timeout."""
        if self.server:
            self.server.stop(self.stop_timeout)

    def kill(self) -> None:
        """Kill the process."""
        if self.server and self.server.is_alive():
            os.kill(self.server.pid, signal.SIGKILL)


class Supervisor:
    """Starts, watches and stops the processes of one run."""

    def __init__(self, at: paths.DataPaths, host: str, port: int) -> None:
        self.at = at
        self.host = host
        self.port = port
        self.is_stopping = False
        self.services: embedded.Services | None = None
        self.processes = [
            SupervisedProcess(
                "web", ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"], 15, self._log("web")
            ),
            SupervisedProcess("worker", [*_CELERY, "worker", *_WORKER], 30, self._log("worker")),
            SupervisedProcess("beat", [*_CELERY, "beat", "--pidfile="], 5, self._log("beat")),
        ]

    @property
    def address(self) -> str:
        """The URL of the site."""
        return f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}/"

    def start(self) -> None:
        """Start the services, initialise the database, then start web, worker and beat."""
        self.services = embedded.start(self.at, bound=True)
        init_database.init(self.at)
        self.processes[0].start()
        self._wait_for_web()  # before the others start and use the CPU
        for process in self.processes[1:]:
            process.start()

    def watch(self) -> None:
        """Restart ended processes until the run is stopped."""
        while not self.is_stopping:
            self._restart_services()
            for process in self.processes:
                process.restart_if_ended()
            time.sleep(0.25)

    def stop(self) -> None:
        """Stop web, worker and beat at the same time, then the services."""
        for process in self.processes:
            process.request_stop()
        for process in self.processes:
            process.stop()
        if self.services:
            self.services.stop()

    def on_signal(self, signum: int, _frame: FrameType | None) -> None:
        """Stop at the first signal; kill the processes at the second."""
        if self.is_stopping:
            for process in self.processes:
                process.kill()
        self.is_stopping = True
        if not all(process.server for process in self.processes):
            raise KeyboardInterrupt(signum)  # still starting: `finally` stops what has started

    def _restart_services(self) -> None:
        if self.services and all(server.is_alive() for server in self.services.servers):
            return
        ended = [s.name for s in self.services.servers if not s.is_alive()] if self.services else []
        say(f"{' and '.join(ended)} has ended; restarting it")
        try:
            self.services = embedded.start(self.at, bound=True)
        except embedded.ServiceError as error:
            say(str(error))
            time.sleep(2)

    def _wait_for_web(self) -> None:
        web = self.processes[0]
        until = time.monotonic() + 60
        while web.server and web.server.is_alive() and time.monotonic() < until:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise embedded.ServiceError(
            f"The web server does not start. Its log {web.log} ends:\n{last_lines(web.log, 15)}"
        )

    def _log(self, name: str) -> Path:
        return self.at.logs / f"{name}.log"


# glibc returns the memory of a decoded photo to the system at once.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
_CELERY = ["celery", "-A", "config"]
_WORKER = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]


def main(words: list[str]) -> int:
    """Run until stopped; `stop` stops a run from another process. Return the exit status."""
    at = paths.find()
    if words == ["stop"]:
        return stop(at)
    _ignore_external_services()
    try:
        return run(at)
    except embedded.ServiceError as error:
        return refuse(str(error))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return refuse(f"The disk is full ({at.var}). Free some space and start again.")
        if error.errno in {errno.EACCES, errno.EPERM}:
            return refuse(f"{error.filename} belongs to another account: run as that account.")
        raise


def run(at: paths.DataPaths) -> int:
    """Start, watch and stop one run; refuse a second one in the same folder."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = int(os.environ.get("PORT") or 8000)
    at.var.mkdir(parents=True, exist_ok=True)
    with at.lock.open("a+") as lock:
        if not _acquire(lock):
            holder = _holder(at)
            return refuse(
                f"It is already running at {holder.get('address')} (process {holder.get('pid')}). "
                "Stop it there with Ctrl-C, or here with: make stop"
            )
        if not _is_free(host, port):
            return refuse(_IN_USE.format(port=port, next=port + 1))
        os.environ.update(HOST=host, PORT=str(port), DJANGO_SETTINGS_MODULE="config.settings")
        supervisor = Supervisor(at, host, port)
        _write(lock, {"pid": os.getpid(), "address": supervisor.address})
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, supervisor.on_signal)
        try:
            supervisor.start()
            init_database.print_welcome(at, supervisor.address)
            supervisor.watch()
        except KeyboardInterrupt:
            pass
        finally:
            supervisor.is_stopping = True
            say("Stopping ...")
            supervisor.stop()
            _write(lock, {})
        say("Stopped.")
    return 0


def stop(at: paths.DataPaths) -> int:
    """Stop the run of this folder, its background services and the test database server."""
    pid = int(_holder(at).get("pid") or 0)
    if pid and exists(pid):
        os.kill(pid, signal.SIGTERM)
        while exists(pid):
            time.sleep(0.1)
    for data_paths in (at, paths.find(at.var / "test")):
        embedded.stop(data_paths)
    say("Nothing runs from this folder any more.")
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def refuse(text: str) -> int:
    """Print why the run does not start; return the exit status."""
    print(text, file=sys.stderr, flush=True)
    return 1


def _ignore_external_services() -> None:
    """Unset the addresses of other servers: this run migrates and fills its own database."""
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "PRODUCTION"):
        if os.environ.pop(name, None):
            say(f"{name} is set, but `make run` uses its own services; it is ignored here.")


def _acquire(lock: TextIOWrapper) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(at: paths.DataPaths) -> dict[str, str]:
    """Return pid and address of the run that holds the lock; empty when none does."""
    try:
        with at.lock.open("r+") as lock:
            if _acquire(lock):
                return {}
            holder: dict[str, str] = json.loads(lock.read() or "{}")
            return holder
    except (FileNotFoundError, ValueError):
        return {}


def _write(lock: TextIOWrapper, content: dict[str, int | str]) -> None:
    lock.seek(0)
    lock.truncate()
    json.dump(content, lock)
    lock.flush()


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise embedded.ServiceError(f"Cannot listen on {host}:{port}: {error}") from None
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
