"""Load while a migration runs: a reader and a writer of every table, and their longest waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from tests.upgrades import migration_path

READ = 'SELECT * FROM "{table}" LIMIT 1'
# An existing row: all locks are taken and all constraints checked, and nothing changes.
WRITE = 'INSERT INTO "{table}" SELECT * FROM "{table}" LIMIT 1 ON CONFLICT DO NOTHING'


@dataclass
class Traffic:
    """A reader and a writer of all tables, and the longest wait of each in seconds."""

    tables: list[str]
    read: float = 0.0
    write: float = 0.0
    rounds: int = 0
    errors: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read and write while the body runs."""
        threads = [
            threading.Thread(target=self._work, args=(kind, text))
            for kind, text in (("read", READ), ("write", WRITE))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join()

    def _work(self, kind: str, text: str) -> None:
        session = migration_path.session()
        with session.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
            while not self.stopped.is_set():
                for table in self.tables:
                    self._execute(cursor, kind, text.format(table=table))
                self.rounds += 1
                time.sleep(0.01)
        session.close()

    def _execute(self, cursor: Any, kind: str, sql: str) -> None:
        start = time.monotonic()
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            self.errors.append(f"{sql}: {error}")
        setattr(self, kind, max(getattr(self, kind), time.monotonic() - start))


@contextmanager
def open_reader(tables: list[str], seconds: float) -> Iterator[None]:
    """Read from every table and keep the transaction open for some seconds."""
    ready = threading.Event()

    def read() -> None:
        session = migration_path.session()
        session.autocommit = False
        with session.cursor() as cursor:
            for table in tables:
                cursor.execute(READ.format(table=table))
            ready.set()
            time.sleep(seconds)
        session.rollback()
        session.close()

    reader = threading.Thread(target=read)
    reader.start()
    ready.wait()
    try:
        yield
    finally:
        reader.join()
