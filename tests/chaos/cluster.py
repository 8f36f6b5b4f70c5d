"""A complete stack of processes that can be killed, suspended, stopped and started.

PostgreSQL and Valkey run as durably as in production, with any number of web servers, workers and
beats, in one folder, on Unix sockets and verified ports. `supervise()` restarts ended processes.
All calls must come from one thread: child processes end with the thread that started them, so that
a killed harness leaves no process behind.
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
from tests.chaos.process_table import accepts, free_port, in_sessions, is_running, owner_of, send
from tests.chaos.server_processes import ForkedTask, ServerProcess, Service
from tests.chaos.tcp_proxy import TcpProxy
from tests.support import demo_database

FOLDER = paths.ROOT / "var" / "chaos"
COMMIT_TIMESTAMPS = "track_commit_timestamp = on\n"  # the checks read when a row was committed
CELERY = ["celery", "-A", "config"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]


class Cluster:
    """The stack. As a context manager it starts the two services, and stops everything at the end.

    `start()` adds web servers, workers and beats, after the harness has prepared its rows.
    """

    def __init__(
        self,
        name: str,
        *,
        webs: int = 1,
        workers: int = 1,
        beats: int = 1,
        with_proxies: bool = False,
        is_timed: bool = False,
        **extra: str,
    ) -> None:
        self.name = name
        self.at = paths.find(FOLDER / f"{name}-{os.getpid()}")
        self.with_proxies = with_proxies
        self.is_timed = is_timed
        self.extra = extra
        self.proxies: dict[str, TcpProxy] = {}
        self.database = Service(
            "postgres", lambda: postgres.ensure(self.at, durable=True, bound=True)
        )
        self.broker = Service("valkey", lambda: valkey.ensure(self.at, durable=True, bound=True))
        self._asked = {"web": webs, "worker": workers, "beat": beats}
        self.processes: list[ServerProcess] = []
        self.forks: list[ForkedTask] = []
        self.observer: Callable[[], None] = lambda: None  # called with every supervision

    @property
    def services(self) -> list[Service]:
        """The database and the broker."""
        return [self.database, self.broker]

    def kind(self, name: str) -> list[ServerProcess]:
        """Return the processes of one kind: web, worker or beat."""
        return [process for process in self.processes if process.name.rpartition("-")[0] == name]

    @property
    def webs(self) -> list[ServerProcess]:
        """The web servers."""
        return self.kind("web")

    @property
    def workers(self) -> list[ServerProcess]:
        """The workers."""
        return self.kind("worker")

    @property
    def beats(self) -> list[ServerProcess]:
        """The beat processes."""
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
            self.clean_up()

    def prepare(self) -> None:
        """Start the two services with the sample loaded, and set this process's environment.

        Must be called before the settings are read, so that harness and stack share one database.
        """
        _clear(self.name)
        demo_database.copy_to(self.at)
        private_folder(self.at.sockets, account())
        with (postgres.data_folder(self.at) / "postgresql.auto.conf").open("a") as settings:
            settings.write(COMMIT_TIMESTAMPS)
        if self.is_timed:
            _sync(postgres.data_folder(self.at))
        os.environ.update(self.variables(direct=True) | {"LOG_LEVEL": "WARNING"})
        for name in demo_database.STACK_VARIABLES - self.variables(direct=True).keys():
            os.environ.pop(name, None)
        for service in self.services:
            service.start()
        if self.with_proxies:
            self._start_proxies()

    def start(self, timeout: float = 60.0) -> None:
        """Start web, workers and beats, and wait until every web server responses_by_key."""
        for kind, count in self._asked.items():
            for number in range(count):
                self.processes.append(self._process(kind, number))
                self.processes[-1].start()
        self.wait_for_web(timeout)

    def wait_for_web(self, timeout: float = 60.0) -> None:
        """Wait until every web server accepts connections."""
        until = time.monotonic() + timeout
        for web in self.webs:
            while not accepts(web.port):
                if time.monotonic() > until or not web.is_alive():
                    raise RuntimeError(f"{web.name} does not start; its log is {web.log}")
                time.sleep(0.05)
            assert owner_of(web.port) in web.sessions, f"port {web.port} belongs to another process"

    def supervise(self) -> None:
        """Start again whatever has died and is should_run."""
        for service in self.services:
            service.supervise()
        now = time.monotonic()
        for process in self.processes:
            process.supervise(now)
        self.observer()

    def run_for(self, seconds: float) -> None:
        """Supervise for some seconds."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Supervise until a condition holds; return False after the timeout."""
        until = time.monotonic() + timeout
        while not done():
            if time.monotonic() > until:
                return False
            self.supervise()
            time.sleep(0.05)
        return True

    def fork(self, work: Callable[[], None]) -> ForkedTask:
        """Run a function in a forked copy of this process."""
        self.forks.append(ForkedTask(work, self.at.logs / "forks.log"))
        return self.forks[-1]

    def end(self) -> None:
        """Kill everything that was started, whatever its state."""
        for fork in self.forks:
            fork.end()
        self._kill_processes()
        for service in reversed(self.services):
            if service.is_alive():
                service.resume()
                service.stop(5.0)
        for proxy in self.proxies.values():
            proxy.stop()

    def _kill_processes(self) -> None:
        """Kill by session, which includes orphans of killed processes."""
        sessions = {pid for process in self.processes for pid in process.sessions}
        for _round in range(3):  # a process may have been forking
            for pid in in_sessions(sessions):
                send(pid, signal.SIGKILL)
        for process in self.processes:
            process.should_run = False
            process.wait_for_exit()

    def clean_up(self) -> None:
        """Remove the folder of the cluster; keep its logs until the next run of the same name."""
        logs = FOLDER / f"{self.name}-log"
        shutil.rmtree(logs, ignore_errors=True)
        shutil.copytree(self.at.logs, logs, ignore_dangling_symlinks=True)
        shutil.rmtree(self.at.var, ignore_errors=True)
        if self.at.services != self.at.var:
            shutil.rmtree(self.at.services, ignore_errors=True)

    def variables(self, *, direct: bool = False) -> dict[str, str]:
        """Return the environment of the processes; `direct` bypasses the proxies."""
        variables = demo_database.environment(self.at.var) | {
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
            "WEB_WORKERS": "1",
            "TRUSTED_PROXIES": "1",  # each client sends its own address
            "TRUSTED_PROXY_ADDRESSES": "127.0.0.1",
            "API_FILE_RATE": "100000/min",
            "API_WRITE_RATE": "100000/min",
            **self.extra,
        }
        if self.with_proxies and not direct:
            variables["PRODUCTION"], variables["DEMO"] = "no", "yes"
            variables["DATABASE_URL"] = (
                f"postgres://{postgres.APPLICATION_ROLE}@/{postgres.DATABASE}?host={self._proxy_folder}"
            )
            variables["REDIS_URL"] = f"redis://127.0.0.1:{self.proxies['broker'].listen[4:]}"
        return variables

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database direct, as its superuser."""
        connection = postgres.connect(self.at, postgres.DATABASE)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def scalar(self, query: str, *values: object) -> Any:
        """Query one value."""
        return self.rows(query, *values)[0][0]

    def logged(self, *kinds: str) -> str:
        """Return the logs of the processes of these kinds."""
        files = (file for kind in kinds for file in sorted(self.at.logs.glob(f"{kind}-*.log")))
        return "\n".join(file.read_text(errors="replace") for file in files)

    @property
    def _proxy_folder(self) -> Path:
        """The folder of the socket of the database proxy."""
        return self.at.sockets / "far"

    def _start_proxies(self) -> None:
        self._proxy_folder.mkdir(mode=0o700, exist_ok=True)
        name = paths.POSTGRES_SOCKET
        ends = {
            "database": (f"unix:{self._proxy_folder / name}", f"unix:{self.at.sockets / name}"),
            "broker": (f"tcp:{free_port()}", f"unix:{self.at.broker}"),
        }
        for which, (listen, target) in ends.items():
            self.proxies[which] = TcpProxy(listen, target, self.at.logs, which)

    def _process(self, kind: str, number: int) -> ServerProcess:
        name = f"{kind}-{number}"
        variables = self.variables()
        port = free_port() if kind == "web" else 0
        if kind == "web":
            command = ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
            variables |= {"PORT": str(port), "HOST": "127.0.0.1"}
            variables["PROMETHEUS_MULTIPROC_DIR"] = str(self.at.var / f"metrics-{number}")
        elif kind == "worker":
            command = [*CELERY, "worker", "-n", f"{name}@cluster", *QUIET]
        else:
            schedule = self.at.var / f"{name}.schedule"
            command = [*CELERY, "beat", "--pidfile=", "-s", str(schedule)]
        return ServerProcess(name, command, self.at.logs / f"{name}.log", variables, port)


def _clear(name: str) -> None:
    """Remove the folders of interrupted runs of this name."""
    for folder in FOLDER.glob(f"{name}-*"):
        owner = folder.name.rpartition("-")[2]
        if owner.isdigit() and not is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Sync freshly copied files to disk; otherwise the first recovery after a kill would do it."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
