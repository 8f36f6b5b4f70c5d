"""Starts a server process as the right account and stops it again."""

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LARGEST_LOG = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # a finished one stays a zombie until asked
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceError(Exception):
    """A service cannot run; the text tells a person what to do."""


@dataclass(frozen=True)
class Account:
    """An unprivileged account: PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int


def account() -> Account | None:
    """Return the account to use instead of root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceError(
            "PostgreSQL does not run as root and there is no account 'nobody' to run it as. "
            "Start as an ordinary user."
        ) from None
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def private_folder(folder: Path, owner: Account | None, mode: int = 0o700) -> None:
    """Make a folder that belongs to the owner; refuse one that somebody else has put there."""
    folder.mkdir(parents=True, exist_ok=True)
    uid = owner.uid if owner else os.geteuid()
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise ServiceError(
            f"{folder} belongs to another account. Run as that account, or remove the folder."
        )
    if found.st_uid != uid and owner:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(mode)


@dataclass
class Server:
    """A running server; `child` is set when this process started it."""

    name: str
    pid: int
    ending: signal.Signals
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    asked: bool = field(default=False, repr=False)

    @property
    def started_here(self) -> bool:
        """Tell whether this process started it."""
        return self.child is not None

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        if self.child:
            return self.child.poll() is None
        return exists(self.pid)

    def ask_to_stop(self) -> None:
        """Tell it once to finish what it has begun and end."""
        if not self.asked and self.is_alive():
            os.kill(self.pid, self.ending)
        self.asked = True

    def stop(self, patience: float = 30.0) -> None:
        """Ask it to end in order; kill it when it has not ended after `patience` seconds."""
        self.ask_to_stop()
        until = time.monotonic() + patience
        while self.is_alive():
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                until += patience
            time.sleep(0.02)


def exists(pid: int) -> bool:
    """Tell whether a process with this id runs; a finished child of ours does not count."""
    if pid in _children:
        return _children[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """Return what a child must do to be sent `sig` when its parent dies, where the system can."""
    if _libc is None:
        return None
    libc = _libc
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(sig)) and None


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    run_as: Account | None,
    ending: signal.Signals,
    bound: bool,
    surroundings: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C reaches it only through us."""
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            # The launcher has one thread, so nothing can hold a lock in the child.
            preexec_fn=end_with_parent(ending) if bound else None,  # noqa: PLW1509
            user=run_as.uid if run_as else None,
            group=run_as.gid if run_as else None,
            extra_groups=[] if run_as else None,
            umask=0o077,
            env=surroundings or {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
    _children[child.pid] = child
    return child


def last_lines(log: Path, count: int = 5) -> str:
    """Return the end of a log, to be shown with an error."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def explain(text: str) -> str:
    """Turn what a server said into advice, where the cause is a known one."""
    lowered = text.lower()
    if "no space left" in lowered:
        return "The disk is full. Free some space and start again."
    if "cannot open shared object" in lowered or "error while loading shared libraries" in lowered:
        return "A system library is missing; install it, or install PostgreSQL from your system."
    if "permission denied" in lowered:
        return "A folder belongs to another account. Run as the account that started here first."
    return ""
