"""Runs pg_dump and pg_restore: finds a version that fits the server, hides the password."""

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

# What a client of this version or newer writes, no older server reads back in.
DIVIDE = 17
LOCK_PATIENCE = "10s"  # a dump that waits for a migration gives up rather than stand in the way


class BackupRefused(Exception):
    """A backup or a restore cannot be done; the text tells a person what to do."""


def server_major() -> int:
    """Return the major version of the server that the settings name."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def dump(target: Path, snapshot: str) -> None:
    """Write the database as one snapshot saw it, compressed; raise Refused with the reason."""
    program = _program("pg_dump", server_major())
    target.touch(mode=0o600)
    _run(
        program,
        *("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"),
        *(f"--lock-wait-timeout={LOCK_PATIENCE}", f"--file={target}"),
    )


def load(source: Path) -> None:
    """Read a dump into an empty database, all of it or nothing; raise Refused with the reason."""
    program = _program("pg_restore", server_major())
    name = str(settings.DATABASES["default"]["NAME"])
    wanted = ("--no-owner", "--no-privileges", "--single-transaction", f"--dbname={name}")
    _run(program, *wanted, str(source))


def _program(name: str, server: int) -> Path:
    """Return the program of the server's own version, else the nearest newer one that fits it."""
    found = {
        version: folder / name
        for folder in reversed(postgres.program_folders(paths.find()))
        if (version := _version(folder / name))
    }
    fitting = sorted(
        version
        for version in found
        if version >= server and (version < DIVIDE) == (server < DIVIDE)
    )
    if not fitting:
        here = ", ".join(str(version) for version in sorted(found)) or "none"
        raise BackupRefused(
            f"The server is PostgreSQL {server}, but no {name} that can speak to it is here "
            f"(found: {here}). Install the package 'postgresql-client-{server}' and try again."
        )
    return found[fitting[0]]


def _version(program: Path) -> int:
    """Return a program's major version; 0 when it is not here or does not run here."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError:
        return 0
    number = re.search(r"\) (\d+)", answer.stdout)
    return int(number[1]) if number and not answer.returncode else 0


def _run(program: Path, *arguments: str) -> None:
    answer = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=_surroundings(),
        check=False,
    )
    if answer.returncode:
        raise BackupRefused(
            f"{program.name} failed. {explain(answer.stderr)}\n{_brief(answer.stderr)}"
        )


def _brief(said: str) -> str:
    """Keep what a program says about itself and leave out rows, which hold what people wrote."""
    kept: Sequence[str] = [
        line for line in said.splitlines() if not line.startswith(("CONTEXT", "DETAIL", "COPY"))
    ]
    return "\n".join(kept[:5])


def _surroundings() -> dict[str, str]:
    """Name the server as the settings do; a password stands in no list of processes."""
    there = settings.DATABASES["default"]
    named = {
        "PGHOST": there["HOST"],
        "PGPORT": there["PORT"],
        "PGUSER": there["USER"],
        "PGPASSWORD": there["PASSWORD"],
        "PGDATABASE": there["NAME"],
    }
    given = {name: str(value) for name, value in named.items() if value}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "5"} | given
