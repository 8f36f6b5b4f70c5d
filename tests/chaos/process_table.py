"""Processes and ports as /proc shows them: children, sessions, listeners."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has forked, oldest first."""
    return sorted(child for child, stat in _processes() if int(stat[1]) == pid)


def is_running(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    return any(pid == found and stat[0] != "Z" for found, stat in _processes())


def owner_of(port: int) -> int:
    """Return the session of the process that listens on a local port; 0 for a free port."""
    wanted = f"0100007F:{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{line[9]}]" for line in lines if line[1] == wanted and line[3] == "0A"}
    for pid, stat in _processes():
        try:
            held = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            continue
        if held & inodes:
            return int(stat[3])
    return 0


def in_sessions(sessions: set[int]) -> list[int]:
    """Return the processes of these sessions."""
    return [pid for pid, stat in _processes() if int(stat[3]) in sessions and stat[0] != "Z"]


def _processes() -> list[tuple[int, list[str]]]:
    """Return every process with its state, parent, group and session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            found.append((int(entry.name), text.rpartition(")")[2].split()))
    return found


def send(pid: int, sig: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, sig)


def accepts(port: int) -> bool:
    """Return whether a local port accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
