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
from http import HTTPStatus
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from urllib.request import ProxyHandler, build_opener

from config.local import embedded, init_database, paths
from config.local.embedded.process import exists, last_lines, launch

STABLE_SECONDS = 60.0  # a process that ran this long is restarted without back-off
MAX_BACKOFF = 30.0  # seconds
_PYTHON = Path(sys.executable)
DEFAULT_PORT = 8000
PORTS_TRIED = 20  # from the default port on
BACKLOG = 2048  # connections that wait, as many as gunicorn allows
_LOOPBACK = "127.0.0.1"
_opener = build_opener(ProxyHandler({}))  # without the proxy of the environment
_IN_USE = "Port {port} is in use by another program. Stop that one, or choose: make run PORT={next}"


@dataclass
class SupervisedProcess:
    """A child process and its restart state.

    `stop_timeout`: seconds to finish its work when stopped. `backoff`: seconds before a restart.
    `inherited`: file descriptors that it gets from the supervisor.
    """

    name: str
    command: list[str]
    stop_timeout: float
    log: Path
    server: embedded.Server | None = None
    started_at: float = 0.0
    backoff: float = 0.0
    retry_at: float = field(default=0.0)
    inherited: tuple[int, ...] = ()

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
            inherited=self.inherited,
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
    """Starts, watches and stops the processes of one run.

    `listener` is the listening socket of the site. Every web process inherits it, so that no other
    program can take the port before the web server starts or while it is restarted.
    """

    def __init__(self, at: paths.DataPaths, host: str, listener: socket.socket) -> None:
        self.at = at
        self.host = host
        self.listener = listener
        self.port = int(listener.getsockname()[1])
        self.is_stopping = False
        self.services: embedded.Services | None = None
        self.processes = [
            SupervisedProcess(
                "web",
                [*_GUNICORN, "--bind", f"fd://{listener.fileno()}", "config.wsgi"],
                15,
                self._log("web"),
                inherited=(listener.fileno(),),
            ),
            SupervisedProcess("worker", [*_CELERY, "worker", *_WORKER], 30, self._log("worker")),
            SupervisedProcess("beat", [*_CELERY, "beat", "--pidfile="], 5, self._log("beat")),
        ]

    @property
    def address(self) -> str:
        """The URL of the site."""
        host = "localhost" if self.host == _LOOPBACK else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

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
        self.listener.close()

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
            if _answers(self.address):
                return
            time.sleep(0.05)
        raise embedded.ServiceError(
            f"The web server does not start. Its log {web.log} ends:\n{last_lines(web.log, 15)}"
        )

    def _log(self, name: str) -> Path:
        return self.at.logs / f"{name}.log"


# glibc returns the memory of a decoded photo to the system at once.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
_GUNICORN = ["gunicorn", "-c", "config/gunicorn.py"]
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
    wanted = os.environ.get("PORT")
    at.var.mkdir(parents=True, exist_ok=True)
    with at.lock.open("a+") as lock:
        if not _acquire(lock):
            holder = _holder(at)
            return refuse(
                f"It is already running at {holder.get('address')} (process {holder.get('pid')}). "
                "Stop it there with Ctrl-C, or here with: make stop"
            )
        first = int(wanted or DEFAULT_PORT)
        listener = listen(host, first, tries=1 if wanted else PORTS_TRIED)
        if listener is None:
            return refuse(_IN_USE.format(port=first, next=first + 1))
        supervisor = Supervisor(at, host, listener)
        port = str(supervisor.port)
        os.environ.update(HOST=host, PORT=port, DJANGO_SETTINGS_MODULE="config.settings")
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


def listen(host: str, port: int, tries: int) -> socket.socket | None:
    """Return a socket that listens on the first free port from `port` on; None if none is free.

    Port 0 is any free port. ServiceError if the host cannot be listened on at all.
    """
    for candidate in range(port, port + tries):
        listener = _bind(host, candidate)
        if listener is not None:
            if candidate != port:
                say(f"Port {port} is in use by another program; using {candidate}.")
            return listener
    return None


def _bind(host: str, port: int) -> socket.socket | None:
    """Return a listening socket, or None if another program has the port."""
    if host == _LOOPBACK and _is_taken_on_ipv6(port):
        return None  # a browser may open `localhost` there
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise embedded.ServiceError(f"Cannot listen on {host}:{port}: {error}") from None
    return listener


def _is_taken_on_ipv6(port: int) -> bool:
    """Tell whether a program listens on the port of the IPv6 loopback address."""
    try:
        socket.create_connection(("::1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers(address: str) -> bool:
    """Tell whether the web server answers; nothing else can, because the supervisor listens."""
    try:
        with _opener.open(f"{address}livez", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
