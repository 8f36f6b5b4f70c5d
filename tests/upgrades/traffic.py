"""People at work while a migration runs: readers and writers of every table, each wait measured."""

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
# A row that is there already: every lock is taken and every rule is asked, and nothing changes.
WRITE = 'INSERT INTO "{table}" SELECT * FROM "{table}" LIMIT 1 ON CONFLICT DO NOTHING'


@dataclass
class Traffic:
    """One reader and one writer going round all tables, and the longest that each had to wait."""

    tables: list[str]
    read: float = 0.0
    write: float = 0.0
    rounds: int = 0
    errors: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Keep going round while the body runs."""
        crowd = [
            threading.Thread(target=self._work, args=(kind, text))
            for kind, text in (("read", READ), ("write", WRITE))
        ]
        for one in crowd:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in crowd:
                one.join()

    def _work(self, kind: str, text: str) -> None:
        session = migration_path.session()
        with session.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
            while not self.over.is_set():
                for table in self.tables:
                    self._ask(cursor, kind, text.format(table=table))
                self.rounds += 1
                time.sleep(0.01)
        session.close()

    def _ask(self, cursor: Any, kind: str, sql: str) -> None:
        start = time.monotonic()
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            self.errors.append(f"{sql}: {error}")
        setattr(self, kind, max(getattr(self, kind), time.monotonic() - start))


@contextmanager
def open_reader(tables: list[str], seconds: float) -> Iterator[None]:
    """Let somebody read from every table and keep the transaction open for some seconds."""
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
