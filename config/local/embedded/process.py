"""Start a server process under the right account, and stop it."""

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

_MAX_LOG_BYTES = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # a finished child is a zombie until polled
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceError(Exception):
    """A service cannot run; the message says what to do."""


@dataclass(frozen=True)
class SystemAccount:
    """An unprivileged account, because PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int


def account() -> SystemAccount | None:
    """Return the account to use instead of root; None for another user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceError(
            "PostgreSQL does not run as root and there is no account 'nobody' to run it as. "
            "Start as an ordinary user."
        ) from None
    return SystemAccount(entry.pw_name, entry.pw_uid, entry.pw_gid)


def private_folder(folder: Path, owner: SystemAccount | None, mode: int = 0o700) -> None:
    """Create a folder of the owner; raise ServiceError when it belongs to another account."""
    folder.mkdir(parents=True, exist_ok=True)
    uid = owner.uid if owner else os.geteuid()
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {uid, os.geteuid()}:
        raise ServiceError(
            f"{folder} belongs to another account. Run as that account, or remove the folder."
        )
    if status.st_uid != uid and owner:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(mode)


@dataclass
class Server:
    """A running server; `child` is set when this process started it.

    `ending`: the signal that asks it to stop.
    """

    name: str
    pid: int
    ending: signal.Signals
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    is_stopping: bool = field(default=False, repr=False)

    @property
    def started_here(self) -> bool:
        """Whether this process started it."""
        return self.child is not None

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        if self.child:
            return self.child.poll() is None
        return exists(self.pid)

    def request_stop(self) -> None:
        """Ask the server once to finish its work and end."""
        if not self.is_stopping and self.is_alive():
            os.kill(self.pid, self.ending)
        self.is_stopping = True

    def stop(self, timeout: float = 30.0) -> None:
        """Stop the server; kill it after `timeout` seconds."""
        self.request_stop()
        until = time.monotonic() + timeout
        while self.is_alive():
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                until += timeout
            time.sleep(0.02)


def exists(pid: int) -> bool:
    """Return whether a process with this id runs; a finished child does not count."""
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
    """Return a function for the child that makes the kernel send `sig` when its parent dies.

    None where the system does not support it.
    """
    if _libc is None:
        return None
    libc = _libc
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(sig)) and None


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    run_as: SystemAccount | None,
    ending: signal.Signals,
    bound: bool,
    variables: dict[str, str] | None = None,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that Ctrl-C does not reach it directly.

    `inherited`: file descriptors that the server gets under the same numbers.
    """
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            preexec_fn=end_with_parent(ending) if bound else None,  # noqa: PLW1509 - one thread here
            user=run_as.uid if run_as else None,
            group=run_as.gid if run_as else None,
            extra_groups=[] if run_as else None,
            umask=0o077,
            pass_fds=inherited,
            env=variables or {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
    _children[child.pid] = child
    return child


def last_lines(log: Path, count: int = 5) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def explain(text: str) -> str:
    """Return advice for the error output of a server, when the cause is a known one."""
    lowered = text.lower()
    if "no space left" in lowered:
        return "The disk is full. Free some space and start again."
    if "cannot open shared object" in lowered or "error while loading shared libraries" in lowered:
        return "A system library is missing; install it, or install PostgreSQL from your system."
    if "permission denied" in lowered:
        return "A folder belongs to another account. Run as the account that started here first."
    return ""
