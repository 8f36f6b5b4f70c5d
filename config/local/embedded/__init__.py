"""Start and stop the PostgreSQL and Valkey of this checkout, and verify that they belong to it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.local.embedded import postgres, valkey
from config.local.embedded.process import Server, ServiceError, account, private_folder
from config.local.paths import DataPaths

__all__ = ["Server", "ServiceError", "Services", "start", "stop"]

MIN_FREE_BYTES = 300 * 1024 * 1024


@dataclass
class Services:
    """The two servers; `Server.started_here` tells which of them this call started."""

    postgres: Server
    valkey: Server | None

    @property
    def servers(self) -> list[Server]:
        """The servers in the order of stopping."""
        return [server for server in (self.valkey, self.postgres) if server]

    def stop(self) -> None:
        """Stop the servers that this call started."""
        for server in self.servers:
            if server.started_here:
                server.stop()


def start(
    at: DataPaths, *, durable: bool = True, broker: bool = True, bound: bool = False
) -> Services:
    """Start the servers that are not running.

    `durable=False` trades crash safety for speed (tests). `bound` servers end with the calling
    process, even when it is killed; the others run until `stop`. Raises ServiceError.
    """
    _check_disk(at)
    with _exclusive(at):
        private_folder(at.sockets, account())
        database = postgres.ensure(at, durable=durable, bound=bound)
        try:
            queue = valkey.ensure(at, durable=durable, bound=bound) if broker else None
        except BaseException:
            if database.started_here:
                database.stop()
            raise
    return Services(postgres=database, valkey=queue)


def stop(at: DataPaths) -> list[str]:
    """Stop the servers of this checkout, whichever process started them; return their names."""
    with _exclusive(at):
        running = [server for server in (valkey.running(at), postgres.running(at)) if server]
        for server in running:
            server.stop()
    return [server.name for server in running]


def _check_disk(at: DataPaths) -> None:
    at.var.mkdir(parents=True, exist_ok=True)
    at.logs.mkdir(exist_ok=True)
    if at.services != at.var:
        private_folder(at.services, None, mode=0o755)
    free = shutil.disk_usage(at.services).free
    if free < MIN_FREE_BYTES:
        raise ServiceError(
            f"The disk is nearly full: {free // 2**20} MB are free in {at.services}, "
            f"{MIN_FREE_BYTES // 2**20} MB are needed. Free some space and start again."
        )


@contextmanager
def _exclusive(at: DataPaths) -> Iterator[None]:
    at.var.mkdir(parents=True, exist_ok=True)
    with (at.var / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
