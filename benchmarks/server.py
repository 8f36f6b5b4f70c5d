"""The servers of a run: one PostgreSQL for all, and a web server for each database.

Everything lives in `var/bench` and ends with the run. A web server gets the socket that was opened
for it here, so whoever answers at the port is ours.
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
AT = paths.find(VAR)
DATABASE_NAME = "bench_{}"
# What a real installation says by environment; only the secrets are made up.
PRODUCTION = {
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
    # Otherwise the pace of one account would be measured, and a session end on the way.
    "API_FILE_RATE": "100000/sec",
    "API_WRITE_RATE": "100000/sec",
    "SESSION_IDLE_SECONDS": "86400",
    "SESSION_MAX_SECONDS": "86400",
}
OWN_WORDS = ("DATABASE_URL", "REDIS_URL", "MEDIA_ROOT", "HOST", "PORT", "BIND")


def say(text: str) -> None:
    """Tell how far the run is, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def environment(name: str) -> dict[str, str]:
    """Return the surroundings of a process that serves one database."""
    kept = {key: value for key, value in os.environ.items() if key not in OWN_WORDS}
    url = f"postgres://{postgres.ROLE}@/{DATABASE_NAME.format(name)}?host={AT.sockets}"
    return kept | PRODUCTION | {"DATABASE_URL": url}


def connect(name: str = "") -> Connection:
    """Open a superuser's connection to one of the databases."""
    return postgres.connect(AT, DATABASE_NAME.format(name) if name else "postgres")


def databases() -> set[str]:
    """Return the names of the databases that are there already."""
    with connect() as line, line.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench_%%'")
        return {row[0].removeprefix("bench_") for row in cursor.fetchall()}


def create(name: str, template: str = "") -> None:
    """Make a database anew, empty or as a copy of another one."""
    own, line = DATABASE_NAME.format(name), connect()
    with line.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{own}"')
        origin = f'TEMPLATE "{DATABASE_NAME.format(template)}"' if template else ""
        cursor.execute(f'CREATE DATABASE "{own}" OWNER {postgres.ROLE} {origin}')
    line.close()


def start_services() -> embedded.Services:
    """Start PostgreSQL and Valkey; bulk loading may write much before it must be flushed."""
    services = embedded.start(AT, bound=True)
    line = connect()
    with line.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        cursor.execute("SELECT pg_reload_conf()")
    line.close()
    return services


def collect_static() -> None:
    """Give the static files their fingerprints, as when an image is built."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(command, cwd=ROOT, env=environment("1k"), stdin=subprocess.DEVNULL, check=True)


def version() -> str:
    """Return the version of PostgreSQL."""
    line = connect()
    found = line.server_version
    line.close()
    return f"{found // 10000}.{found % 10000}"


def inside(name: str, *words: str, timeout: float = 900) -> str:
    """Run a part of the benchmark that needs the application, on one database; return its words."""
    command = [sys.executable, "-m", "benchmarks.in_process", *words]
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(name),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f"{' '.join(words)} on {name} failed:\n{answer.stderr[-4000:]}")
    return answer.stdout


@dataclass
class Web:
    """One web server with its processes."""

    name: str
    command: list[str]
    surroundings: dict[str, str]
    folder: Path = ROOT
    port: int = 0
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, name: str) -> Web:
        """Return the product's web server on one database, as it runs in production."""
        metrics = {"PROMETHEUS_MULTIPROC_DIR": str(VAR / f"metrics-{name}")}
        command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
        return cls(name, command, environment(name) | metrics)

    def start(self) -> None:
        """Start and wait until it answers."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            with self._log.open("wb") as log:
                self._child = subprocess.Popen(
                    self.command,
                    cwd=self.folder,
                    env=self.surroundings | {"BIND": f"fd://{listener.fileno()}"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                    preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no thread yet
                )
        until = time.monotonic() + 60
        while len(self.pids) < 2:
            if self._child.poll() is not None or time.monotonic() > until:
                raise SystemExit(
                    f"The web server {self.name} does not start:\n{last_lines(self._log, 20)}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """End it in order, by force after 20 seconds."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._child = None

    @property
    def pids(self) -> list[int]:
        """The master's process id, then those of its workers."""
        assert self._child is not None
        master = self._child.pid
        try:
            children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        except OSError:
            return []
        return [master, *(int(pid) for pid in children)]

    def memory(self) -> dict[str, list[float]]:
        """Return what each process holds, in MB: its own share (PSS) and all it sees (RSS)."""
        found: dict[str, list[float]] = {"pss": [], "rss": []}
        for pid in self.pids:
            for word, value in _memory(pid).items():
                found[word].append(value)
        return found

    @property
    def _log(self) -> Path:
        return AT.logs / f"web-{self.name}.log"


def _memory(pid: int) -> dict[str, float]:
    found = {}
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # not ours to look into, or gone
        return {}
    for line in lines:
        word, _colon, rest = line.partition(":")
        if word in {"Pss", "Rss"}:
            found[word.lower()] = round(int(rest.split()[0]) / 1024, 1)
    return found
