"""A whole stack of one's own, each part a handle that can be killed, frozen, stopped and started.

PostgreSQL and Valkey run as durably as in production, with any number of web servers, workers and
beats, in one folder, on unix sockets and on ports proved to be ours. `tend()` starts again what
has died, as a supervisor would. Everything must be done from one thread: parts end with the
thread that started them, so that a killed harness leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from config.local import paths
from config.local.embedded import postgres, valkey
from config.local.embedded.process import account, private_folder
from tests.chaos.processes import accepts, free_port, in_sessions, is_running, owner_of, send
from tests.chaos.server_processes import Fork, Part, Service
from tests.chaos.tcp_proxy import Wire
from tests.support import demo_database

FOLDER = paths.ROOT / "var" / "chaos"
WITNESS = "track_commit_timestamp = on\n"  # the database's own word on when a row was committed
CELERY = ["celery", "-A", "config"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]


class Rig:
    """The stack. As a context it starts the two services, and ends everything.

    `start()` adds web, workers and beats, once the rows they are to find are there.
    """

    def __init__(
        self,
        name: str,
        *,
        webs: int = 1,
        workers: int = 1,
        beats: int = 1,
        wired: bool = False,
        is_timed: bool = False,
        **extra: str,
    ) -> None:
        self.name = name
        self.at = paths.find(FOLDER / f"{name}-{os.getpid()}")
        self.wired = wired
        self.is_timed = is_timed
        self.extra = extra
        self.wires: dict[str, Wire] = {}
        self.database = Service(
            "postgres", lambda: postgres.ensure(self.at, durable=True, bound=True)
        )
        self.broker = Service("valkey", lambda: valkey.ensure(self.at, durable=True, bound=True))
        self._asked = {"web": webs, "worker": workers, "beat": beats}
        self.parts: list[Part] = []
        self.forks: list[Fork] = []
        self.watcher: Callable[[], None] = lambda: None  # looks on whenever the rig is tended

    @property
    def services(self) -> list[Service]:
        """The database and the broker."""
        return [self.database, self.broker]

    def kind(self, name: str) -> list[Part]:
        """Return the parts of one kind: web, worker, beat."""
        return [part for part in self.parts if part.name.rpartition("-")[0] == name]

    @property
    def webs(self) -> list[Part]:
        """The web servers."""
        return self.kind("web")

    @property
    def workers(self) -> list[Part]:
        """The workers."""
        return self.kind("worker")

    @property
    def beats(self) -> list[Part]:
        """The clocks that wake the workers."""
        return self.kind("beat")

    def __enter__(self) -> Self:
        try:
            self.prepare()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self.end()
        if kind is None:
            self.forget()

    def prepare(self) -> None:
        """Start the two services, with the sample in the database, and bend this process to them.

        Must come before the settings are read, so that harness and stack share one database.
        """
        _clear(self.name)
        demo_database.copy_to(self.at)
        private_folder(self.at.sockets, account())
        with (postgres.data_folder(self.at) / "postgresql.auto.conf").open("a") as settings:
            settings.write(WITNESS)
        if self.is_timed:
            _sync(postgres.data_folder(self.at))
        os.environ.update(self.surroundings(straight=True) | {"LOG_LEVEL": "WARNING"})
        for name in demo_database.OURS - self.surroundings(straight=True).keys():
            os.environ.pop(name, None)
        for service in self.services:
            service.start()
        if self.wired:
            self._lay_wires()

    def start(self, patience: float = 60.0) -> None:
        """Start web, workers and beats, and wait until every web server answers."""
        for kind, count in self._asked.items():
            for number in range(count):
                self.parts.append(self._part(kind, number))
                self.parts[-1].start()
        self.await_web(patience)

    def await_web(self, patience: float = 60.0) -> None:
        """Wait until every web server accepts connections."""
        until = time.monotonic() + patience
        for web in self.webs:
            while not accepts(web.port):
                if time.monotonic() > until or not web.is_alive():
                    raise RuntimeError(f"{web.name} does not start; its log is {web.log}")
                time.sleep(0.05)
            assert owner_of(web.port) in web.sessions, f"port {web.port} belongs to a stranger"

    def tend(self) -> None:
        """Start again whatever has died and is wanted."""
        for service in self.services:
            service.tend()
        now = time.monotonic()
        for part in self.parts:
            part.tend(now)
        self.watcher()

    def tend_for(self, seconds: float) -> None:
        """Tend for so long."""
        self.tend_until(lambda: False, seconds)

    def tend_until(self, done: Callable[[], bool], patience: float) -> bool:
        """Tend until something is so; False when patience ends first."""
        until = time.monotonic() + patience
        while not done():
            if time.monotonic() > until:
                return False
            self.tend()
            time.sleep(0.05)
        return True

    def fork(self, work: Callable[[], None]) -> Fork:
        """Do a piece of work in a copy of this process, beside everything else."""
        self.forks.append(Fork(work, self.at.logs / "forks.log"))
        return self.forks[-1]

    def end(self) -> None:
        """Kill everything that was started, whatever state it is in."""
        for fork in self.forks:
            fork.end()
        self._end_parts()
        for service in reversed(self.services):
            if service.is_alive():
                service.thaw()
                service.stop(5.0)
        for wire in self.wires.values():
            wire.stop()

    def _end_parts(self) -> None:
        """Kill by session: what a killed part has left behind is ours as well."""
        sessions = {pid for part in self.parts for pid in part.sessions}
        for _round in range(3):  # a process may have been forking
            for pid in in_sessions(sessions):
                send(pid, signal.SIGKILL)
        for part in self.parts:
            part.wanted = False
            part.reap()

    def forget(self) -> None:
        """Remove the folder of the rig; its logs are kept until the next of its name."""
        kept = FOLDER / f"{self.name}-log"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.at.logs, kept, ignore_dangling_symlinks=True)
        shutil.rmtree(self.at.var, ignore_errors=True)
        if self.at.services != self.at.var:
            shutil.rmtree(self.at.services, ignore_errors=True)

    def surroundings(self, *, straight: bool = False) -> dict[str, str]:
        """Return the environment of the parts; `straight` goes past the wires."""
        found = demo_database.surroundings(self.at.var) | {
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
            "WEB_WORKERS": "1",
            "TRUSTED_PROXIES": "1",  # each client of ours has an address of its own
            "TRUSTED_PROXY_ADDRESSES": "127.0.0.1",
            "API_FILE_RATE": "100000/min",
            "API_WRITE_RATE": "100000/min",
            **self.extra,
        }
        if self.wired and not straight:
            found["PRODUCTION"], found["DEMO"] = "no", "yes"
            found["DATABASE_URL"] = f"postgres://zhaozhibu@/zhaozhibu?host={self._far}"
            found["REDIS_URL"] = f"redis://127.0.0.1:{self.wires['broker'].listen[4:]}"
        return found

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database straight, as its superuser."""
        connection = postgres.connect(self.at, postgres.DATABASE)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def one(self, query: str, *values: object) -> Any:
        """Ask for one value."""
        return self.rows(query, *values)[0][0]

    def logged(self, *kinds: str) -> str:
        """Return what parts of these kinds have written to their logs."""
        files = (file for kind in kinds for file in sorted(self.at.logs.glob(f"{kind}-*.log")))
        return "\n".join(file.read_text(errors="replace") for file in files)

    @property
    def _far(self) -> Path:
        """The folder in which the wire to the database listens."""
        return self.at.sockets / "far"

    def _lay_wires(self) -> None:
        self._far.mkdir(mode=0o700, exist_ok=True)
        name = paths.POSTGRES_SOCKET
        ends = {
            "database": (f"unix:{self._far / name}", f"unix:{self.at.sockets / name}"),
            "broker": (f"tcp:{free_port()}", f"unix:{self.at.broker}"),
        }
        for which, (listen, target) in ends.items():
            self.wires[which] = Wire(listen, target, self.at.logs, which)

    def _part(self, kind: str, number: int) -> Part:
        name = f"{kind}-{number}"
        around = self.surroundings()
        port = free_port() if kind == "web" else 0
        if kind == "web":
            command = ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
            around |= {"PORT": str(port), "HOST": "127.0.0.1"}
            around["PROMETHEUS_MULTIPROC_DIR"] = str(self.at.var / f"metrics-{number}")
        elif kind == "worker":
            command = [*CELERY, "worker", "-n", f"{name}@rig", *QUIET]
        else:
            kept = self.at.var / f"{name}.schedule"
            command = [*CELERY, "beat", "--pidfile=", "-s", str(kept)]
        return Part(name, command, self.at.logs / f"{name}.log", around, port)


def _clear(name: str) -> None:
    """Remove what a run of this name has left behind that did not end well."""
    for folder in FOLDER.glob(f"{name}-*"):
        owner = folder.name.rpartition("-")[2]
        if owner.isdigit() and not is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Bring freshly copied files to the disk, as those of a running database long are.

    Otherwise the first recovery after a kill would wait for all of them.
    """
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
