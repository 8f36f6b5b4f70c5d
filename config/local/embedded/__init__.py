"""Starts and stops this checkout's own PostgreSQL and Valkey, and proves that they are its own."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.local.embedded import postgres, valkey
from config.local.embedded.process import Server, ServiceError, account, private_folder
from config.local.paths import DataPaths

__all__ = ["Server", "ServiceError", "Services", "start", "stop"]

LEAST_FREE_BYTES = 300 * 1024 * 1024


@dataclass
class Services:
    """The two servers, and which of them this call has started."""

    postgres: Server
    valkey: Server | None

    @property
    def servers(self) -> list[Server]:
        """The servers in the order in which they are to be stopped."""
        return [server for server in (self.valkey, self.postgres) if server]

    def stop(self) -> None:
        """Stop what this call has started; servers found running stay."""
        for server in self.servers:
            if server.started_here:
                server.stop()


def start(
    at: DataPaths, *, durable: bool = True, broker: bool = True, bound: bool = False
) -> Services:
    """Start what is not yet running.

    `durable=False` gives up crash safety for speed (tests). `bound` servers end with the calling
    process, even when it is killed; others stay until `stop`. Raises ServiceError with a sentence
    for the reader.
    """
    _check_disk(at)
    with _one_at_a_time(at):
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
    """Stop this checkout's servers wherever they were started; return their names."""
    with _one_at_a_time(at):
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
    if free < LEAST_FREE_BYTES:
        raise ServiceError(
            f"The disk is nearly full: {free // 2**20} MB are free where {at.services} lies, "
            f"{LEAST_FREE_BYTES // 2**20} MB are needed. Free some space and start again."
        )


@contextmanager
def _one_at_a_time(at: DataPaths) -> Iterator[None]:
    at.var.mkdir(parents=True, exist_ok=True)
    with (at.var / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
