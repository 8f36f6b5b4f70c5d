"""The sample as a stopped database cluster: loaded once, copied for every test stack.

It is loaded again when a source file that affects it changes, and every day: the sample ends on
the day on which it is loaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local import embedded, init_database, paths
from config.local.embedded import postgres
from config.local.embedded.process import last_lines

SAMPLE_FOLDER = paths.ROOT / "var" / "test" / "sample"
FILES = ("secrets.json", "logins.txt", "media")  # files that belong to the rows
APPS = ("grids", "branches", "members", "petitions")
SOURCE_FOLDERS = ("migrations", "management", "models", "sample", "data", "workflow")
STACK_VARIABLES = frozenset(
    {
        "PRODUCTION",
        "DATABASE_URL",
        "OWNER_DATABASE_URL",
        "REDIS_URL",
        "MEDIA_ROOT",
        "DEBUG",
        "DEMO",
        "HOST",
        "PORT",
    }
)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a stack in `folder`, without variables of another stack."""
    inherited = {name: value for name, value in os.environ.items() if name not in STACK_VARIABLES}
    own = {"VAR_DIR": str(folder), "ENV_FILE": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    return inherited | own


def copy_to(at: paths.DataPaths) -> None:
    """Replace rows, photos, keys and log-ins of a stopped stack by the sample."""
    with _sample() as source:
        target = postgres.data_folder(at)
        at.var.mkdir(parents=True, exist_ok=True)
        at.logs.mkdir(exist_ok=True)
        at.services.mkdir(mode=0o755, exist_ok=True)
        gone = [target, *(at.var / name for name in FILES)]
        _run("rm", "-rf", *gone)
        _run("cp", "-a", postgres.data_folder(source), target)
        _run("cp", "-a", *(source.var / name for name in FILES), at.var)


@contextmanager
def _sample() -> Iterator[paths.DataPaths]:
    """Lock the sample cluster for copying; load it first when it is outdated."""
    SAMPLE_FOLDER.mkdir(parents=True, exist_ok=True)
    fingerprint = _fingerprint()
    with (SAMPLE_FOLDER / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if _recorded_fingerprint() != fingerprint:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _recorded_fingerprint() != fingerprint:
                _make(fingerprint)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield paths.find(SAMPLE_FOLDER)


def _recorded_fingerprint() -> str:
    note = SAMPLE_FOLDER / "mark"
    return note.read_text() if note.exists() else ""


def _make(fingerprint: str) -> None:
    """Load the sample in a separate process with settings for this folder."""
    (SAMPLE_FOLDER / "mark").unlink(missing_ok=True)
    log = SAMPLE_FOLDER / "making.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.demo_database"],
            cwd=paths.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(SAMPLE_FOLDER),
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"The sample cannot be made. {log} ends:\n{last_lines(log, 15)}")
    (SAMPLE_FOLDER / "mark").write_text(fingerprint)


def _fingerprint() -> str:
    """Return a digest of today and of every file that affects the sample."""
    digest = hashlib.sha256(time.strftime("%F").encode() + init_database._fingerprint().encode())
    for file in sorted(_files()):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for app in APPS:
        yield from (paths.ROOT / app).glob("*.py")
        for part in SOURCE_FOLDERS:
            yield from (file for file in (paths.ROOT / app / part).rglob("*.*") if _is_source(file))


def _is_source(file: Path) -> bool:
    return file.suffix in {".py", ".csv", ".json", ".txt", ".md"}


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)


def main() -> int:
    """Load the sample and stop its cluster, so that it can be copied."""
    at = paths.find()
    _run("rm", "-rf", postgres.data_folder(at), *(at.var / name for name in FILES))
    services = embedded.start(at, durable=False, broker=False, bound=True)
    try:
        init_database.init(at)
    finally:
        services.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
