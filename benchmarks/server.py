"""The servers of a run: one PostgreSQL for all, and web servers, each on one database.

Everything lives in `var/bench` and stops with the run. A web server inherits the listening socket
from this process, so that no other process can answer on its port.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, not a constant

from config.local import embedded, paths
from config.local.embedded import postgres
from config.local.embedded.process import end_with_parent, last_lines

ROOT = paths.ROOT
VAR = Path(os.environ.get("BENCH_DIR") or ROOT / "var" / "bench")
DATA_PATHS = paths.find(VAR)
DATABASE_NAME = "bench_{}"
# Settings of a production installation; only the secrets are invented.
PRODUCTION = {
    "ENV_FILE": "",
    "PRODUCTION": "yes",
    "DEBUG": "no",
    "DEMO": "no",
    "SECRET_KEY": "only-for-measuring-0123456789-abcdefghijklmnopqrstuvwxyz",
    "TRACKING_SECRET": "only-for-measuring-tracking-0123456789-abcdefghijklmnop",
    "CONTACT_KEYS": "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "localhost",
    "VAR_DIR": str(VAR),
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "LOG_FORMAT": "json",
    # High enough that neither rate limits nor session timeouts are reached during a run.
    "API_FILE_RATE": "100000/sec",
    "API_WRITE_RATE": "100000/sec",
    "SESSION_IDLE_SECONDS": "86400",
    "SESSION_MAX_SECONDS": "86400",
}
NOT_INHERITED = (
    "DATABASE_URL",
    "OWNER_DATABASE_URL",
    "REDIS_URL",
    "MEDIA_ROOT",
    "HOST",
    "PORT",
    "BIND",
)


@dataclass(frozen=True)
class Checkout:
    """The source tree that a process runs, with its interpreter."""

    name: str
    folder: Path
    python: str


CURRENT = Checkout("new", ROOT, sys.executable)


def say(text: str) -> None:
    """Print the progress of the run with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def process_environment(database: str, checkout: Checkout = CURRENT) -> dict[str, str]:
    """Return the environment variables of a process that serves one database.

    Another version of the product may know only one database role: it gets the owner.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
    where = f"@/{DATABASE_NAME.format(database)}?host={DATA_PATHS.sockets}"
    owner = {"DATABASE_URL": f"postgres://{postgres.ROLE}{where}"}
    application = {
        "DATABASE_URL": f"postgres://{postgres.APPLICATION_ROLE}{where}",
        "OWNER_DATABASE_URL": owner["DATABASE_URL"],
    }
    return inherited | PRODUCTION | (application if checkout == CURRENT else owner)


def connect(database: str = "") -> Connection:
    """Open a superuser's connection to one of the databases."""
    name = DATABASE_NAME.format(database) if database else "postgres"
    return postgres.connect(DATA_PATHS, name)


def databases() -> set[str]:
    """Return the names of the databases that exist."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench_%%'")
        return {row[0].removeprefix("bench_") for row in cursor.fetchall()}


def create(database: str, template: str = "") -> None:
    """Create a database, empty or as a copy of another one; drop an older one of that name."""
    name, connection = DATABASE_NAME.format(database), connect()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        origin = f'TEMPLATE "{DATABASE_NAME.format(template)}"' if template else ""
        cursor.execute(f'CREATE DATABASE "{name}" OWNER {postgres.ROLE} {origin}')
    connection.close()


def start_services() -> embedded.Services:
    """Start PostgreSQL and Valkey; bulk loading may write 8 GB of WAL between checkpoints."""
    services = embedded.start(DATA_PATHS, bound=True)
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
    return services


def collect_static(checkout: Checkout = CURRENT) -> None:
    """Collect and compress the static files, as the build of an image does."""
    subprocess.run(
        [checkout.python, "manage.py", "collectstatic", "--noinput", "-v", "0"],
        cwd=checkout.folder,
        env=process_environment("1k", checkout),
        stdin=subprocess.DEVNULL,
        check=True,
    )


def version() -> str:
    """Return the version of PostgreSQL."""
    connection = connect()
    number = connection.server_version
    connection.close()
    return f"{number // 10000}.{number % 10000}"


def run_in_process(database: str, *words: str, timeout: float = 900) -> str:
    """Run one word of `benchmarks.in_process` on a database; return its output (JSON)."""
    return run(CURRENT, ["-m", "benchmarks.in_process", *words], database, timeout)


def run(checkout: Checkout, arguments: list[str], database: str, timeout: float = 900) -> str:
    """Run the interpreter of a checkout in its folder; return the output, exit on failure."""
    completed = subprocess.run(
        [checkout.python, *arguments],
        cwd=checkout.folder,
        env=process_environment(database, checkout) | {"PYTHONPATH": str(checkout.folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if completed.returncode:
        words = " ".join(arguments)[:200]
        raise SystemExit(f"{words} on {database} failed:\n{completed.stderr[-4000:]}")
    return completed.stdout


@dataclass
class WebServer:
    """One web server with its processes; `name` is unique within a run."""

    name: str
    command: list[str]
    variables: dict[str, str]
    folder: Path = ROOT
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, database: str, checkout: Checkout = CURRENT) -> WebServer:
        """Return the product's web server on one database, as it runs in production."""
        name = database if checkout == CURRENT else f"{database}-{checkout.name}"
        metrics = {"PROMETHEUS_MULTIPROC_DIR": str(VAR / f"metrics-{name}")}
        command = [checkout.python, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
        return cls(
            name, command, process_environment(database, checkout) | metrics, checkout.folder
        )

    def start(self) -> None:
        """Start the server and wait for its first worker; exit when it does not start in 60 s."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    self.command,
                    cwd=self.folder,
                    env=self.variables | {"BIND": f"fd://{listener.fileno()}"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                    preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no thread yet
                )
        until = time.monotonic() + 60
        while len(self.pids) < 2:
            if self._process.poll() is not None or time.monotonic() > until:
                raise SystemExit(
                    f"The web server {self.name} does not start:\n{last_lines(self._log, 20)}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Terminate the server; kill it after 20 seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    @property
    def pids(self) -> list[int]:
        """The process id of the master, then those of its workers."""
        assert self._process is not None
        master = self._process.pid
        try:
            children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        except OSError:
            return []
        return [master, *(int(pid) for pid in children)]

    def memory(self) -> dict[str, list[float]]:
        """Return the memory of each process in MB: proportional share (PSS) and resident (RSS)."""
        memory: dict[str, list[float]] = {"pss": [], "rss": []}
        for pid in self.pids:
            for measure, megabytes in _memory(pid).items():
                memory[measure].append(megabytes)
        return memory

    @property
    def _log(self) -> Path:
        return DATA_PATHS.logs / f"web-{self.name}.log"


def _memory(pid: int) -> dict[str, float]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # not readable for this account, or the process has ended
        return {}
    memory = {}
    for line in lines:
        measure, _colon, rest = line.partition(":")
        if measure in {"Pss", "Rss"}:
            memory[measure.lower()] = round(int(rest.split()[0]) / 1024, 1)
    return memory
