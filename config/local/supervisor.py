"""Runs services, web, worker and beat in one go, and starts again what has died."""

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

CALM_SECONDS = 60.0  # a child that has lived this long may be restarted at once
LONGEST_PAUSE = 30.0
_PYTHON = Path(sys.executable)
_IN_USE = "Port {port} is in use by another program. Stop that one, or choose: make run PORT={next}"


@dataclass
class SupervisedProcess:
    """One child: what to start, and how it has fared."""

    name: str
    command: list[str]
    patience: float  # seconds it is given to finish its work when asked to stop
    log: Path
    running: embedded.Server | None = None
    started_at: float = 0.0
    pause: float = 0.0
    retry_at: float = field(default=0.0)

    def start(self) -> None:
        """Start the child, its output going to its own log."""
        child = launch(
            [_PYTHON, "-m", *self.command],
            log=self.log,
            folder=paths.ROOT,
            run_as=None,
            ending=signal.SIGTERM,
            bound=True,
            surroundings=_FRUGAL | os.environ,
        )
        self.running = embedded.Server(self.name, child.pid, signal.SIGTERM, child)
        self.started_at = time.monotonic()

    def revive(self) -> None:
        """Start the child again when it has died, after a pause that doubles each time."""
        now = time.monotonic()
        if self.running and self.running.is_alive():
            return
        if self.running:
            self.running = None
            calm = now - self.started_at > CALM_SECONDS
            self.pause = 0.5 if calm else min(max(0.5, self.pause * 2), LONGEST_PAUSE)
            self.retry_at = now + self.pause
            say(f"{self.name} has ended; starting it again in {self.pause:g} s (log: {self.log})")
        elif now >= self.retry_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Tell the child to finish what it has begun."""
        if self.running:
            self.running.ask_to_stop()

    def stop(self) -> None:
        """See that the child ends, by force when its time is up."""
        if self.running:
            self.running.stop(self.patience)

    def kill(self) -> None:
        """End the child at once."""
        if self.running and self.running.is_alive():
            os.kill(self.running.pid, signal.SIGKILL)


class Supervisor:
    """Owns everything that one run has started."""

    def __init__(self, at: paths.DataPaths, host: str, port: int) -> None:
        self.at = at
        self.host = host
        self.port = port
        self.asked_to_stop = False
        self.services: embedded.Services | None = None
        self.parts = [
            SupervisedProcess(
                "web", ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"], 15, self._log("web")
            ),
            SupervisedProcess("worker", [*_CELERY, "worker", *_WORKER], 30, self._log("worker")),
            SupervisedProcess("beat", [*_CELERY, "beat", "--pidfile="], 5, self._log("beat")),
        ]

    @property
    def address(self) -> str:
        """Where a browser finds the site."""
        return f"http://{'localhost' if self.host == '127.0.0.1' else self.host}:{self.port}/"

    def start(self) -> None:
        """Start services, bring the database up to date, then start the three parts."""
        self.services = embedded.start(self.at, bound=True)
        init_database.database(self.at)
        self.parts[0].start()
        self._await_web()  # before the others start: they would only slow it down
        for part in self.parts[1:]:
            part.start()

    def watch(self) -> None:
        """Keep everything alive until asked to stop."""
        while not self.asked_to_stop:
            self._revive_services()
            for part in self.parts:
                part.revive()
            time.sleep(0.25)

    def stop(self) -> None:
        """Stop in order: the three parts side by side, then the services that they lean on."""
        for part in self.parts:
            part.ask_to_stop()
        for part in self.parts:
            part.stop()
        if self.services:
            self.services.stop()

    def on_signal(self, signum: int, _frame: FrameType | None) -> None:
        """Note that we are to stop; a second signal does not wait."""
        if self.asked_to_stop:
            for part in self.parts:
                part.kill()
        self.asked_to_stop = True
        if not all(part.running for part in self.parts):
            raise KeyboardInterrupt(signum)  # still starting: leave at once through `finally`

    def _revive_services(self) -> None:
        if self.services and all(server.is_alive() for server in self.services.servers):
            return
        gone = [s.name for s in self.services.servers if not s.is_alive()] if self.services else []
        say(f"{' and '.join(gone)} has ended; starting it again")
        try:
            self.services = embedded.start(self.at, bound=True)
        except embedded.ServiceError as error:
            say(str(error))
            time.sleep(2)

    def _await_web(self) -> None:
        web = self.parts[0]
        until = time.monotonic() + 60
        while web.running and web.running.is_alive() and time.monotonic() < until:
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


# A decoded photo goes back to the system at once, whichever thread had it (read by glibc alone).
_FRUGAL = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
_CELERY = ["celery", "-A", "config"]
_WORKER = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]


def main(words: list[str]) -> int:
    """Run until stopped (`stop` as the only word stops a run from outside); return the status."""
    at = paths.find()
    if words == ["stop"]:
        return stop(at)
    _be_self_contained()
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
    """Start, watch and stop one run; a second one in the same folder is refused with a sentence."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = int(os.environ.get("PORT") or 8000)
    at.var.mkdir(parents=True, exist_ok=True)
    with at.lock.open("a+") as lock:
        if not _taken(lock):
            there = _holder(at)
            return refuse(
                f"It is already running at {there.get('address')} (process {there.get('pid')}). "
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
            init_database.greet(at, supervisor.address)
            supervisor.watch()
        except KeyboardInterrupt:
            pass
        finally:
            supervisor.asked_to_stop = True
            say("Stopping ...")
            supervisor.stop()
            _write(lock, {})
        say("Stopped.")
    return 0


def stop(at: paths.DataPaths) -> int:
    """Stop a run of this folder, its background services and the test cluster."""
    pid = int(_holder(at).get("pid") or 0)
    if pid and exists(pid):
        os.kill(pid, signal.SIGTERM)
        while exists(pid):
            time.sleep(0.1)
    for each in (at, paths.find(at.var / "test")):
        embedded.stop(each)
    say("Nothing runs from this folder any more.")
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def refuse(text: str) -> int:
    """Tell the person why it does not start; return the exit status."""
    print(text, file=sys.stderr, flush=True)
    return 1


def _be_self_contained() -> None:
    """Ignore addresses of other systems: this run starts, migrates and fills its own database."""
    for name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION"):
        if os.environ.pop(name, None):
            say(f"{name} is set, but `make run` uses its own services; it is ignored here.")


def _taken(lock: TextIOWrapper) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(at: paths.DataPaths) -> dict[str, str]:
    """Return who holds the lock; empty when nobody does."""
    try:
        with at.lock.open("r+") as lock:
            if _taken(lock):
                return {}
            found: dict[str, str] = json.loads(lock.read() or "{}")
            return found
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
