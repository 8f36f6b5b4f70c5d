"""Run pg_dump and pg_restore in a version that fits the server, without exposing the password."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.local import paths
from config.local.embedded import postgres
from config.local.embedded.process import explain

# Servers older than this version cannot read dumps of clients of this version or newer.
DUMP_FORMAT_CHANGE = 17
LOCK_TIMEOUT = "10s"  # a waiting dump would block statements behind it


class BackupRefused(Exception):
    """A backup or a restore is not possible; the message says what to do."""


def server_major() -> int:
    """Return the major version of the database server."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def dump(target: Path, snapshot: str) -> None:
    """Dump the database as of an exported snapshot; raise BackupRefused with the reason."""
    program = _program("pg_dump", server_major())
    target.touch(mode=0o600)
    _run(
        program,
        *("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"),
        *(f"--lock-wait-timeout={LOCK_TIMEOUT}", f"--file={target}"),
    )


def load(source: Path) -> None:
    """Load a dump into an empty database in one transaction; raise BackupRefused on failure."""
    program = _program("pg_restore", server_major())
    name = str(settings.DATABASES["default"]["NAME"])
    options = ("--no-owner", "--no-privileges", "--single-transaction", f"--dbname={name}")
    _run(program, *options, str(source))


def _program(name: str, server: int) -> Path:
    """Return the program of the server's version, else of the next newer version that fits."""
    installed = {
        version: folder / name
        for folder in reversed(postgres.program_folders(paths.find()))
        if (version := _version(folder / name))
    }
    fitting = sorted(
        version
        for version in installed
        if version >= server and (version < DUMP_FORMAT_CHANGE) == (server < DUMP_FORMAT_CHANGE)
    )
    if not fitting:
        versions = ", ".join(str(version) for version in sorted(installed)) or "none"
        raise BackupRefused(
            f"The server is PostgreSQL {server}, but no suitable {name} is installed "
            f"(found: {versions}). Install the package 'postgresql-client-{server}' and try again."
        )
    return installed[fitting[0]]


def _version(program: Path) -> int:
    """Return the major version of a program; 0 when it is missing or does not run."""
    try:
        completed = subprocess.run(
            [program, "--version"], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError:
        return 0
    number = re.search(r"\) (\d+)", completed.stdout)
    return int(number[1]) if number and not completed.returncode else 0


def _run(program: Path, *arguments: str) -> None:
    completed = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=_variables(),
        check=False,
    )
    if completed.returncode:
        message = completed.stderr
        raise BackupRefused(f"{program.name} failed. {explain(message)}\n{_without_rows(message)}")


def _without_rows(message: str) -> str:
    """Return the first lines of an error message without row contents (personal data)."""
    lines: Sequence[str] = [
        line for line in message.splitlines() if not line.startswith(("CONTEXT", "DETAIL", "COPY"))
    ]
    return "\n".join(lines[:5])


def _variables() -> dict[str, str]:
    """Return the connection as environment variables; a process list shows arguments only."""
    database = settings.DATABASES["default"]
    variables = {
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
    }
    configured = {name: str(value) for name, value in variables.items() if value}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "5"} | configured
