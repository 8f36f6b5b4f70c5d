"""The time that the database alone takes to write the rows of a report: the lower bound."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import psycopg2
from psycopg2.extras import Json, RealDictCursor

from benchmarks import server
from benchmarks.clients import CLIENTS, LoadResult
from config.local.embedded import postgres

# The rows of one report without a contact. A trigger writes the row in the outbox.
TABLES = (
    ("petitions_petition", "id = %s"),
    ("petitions_deadline", "petition_id = %s"),
    ("petitions_event", "petition_id = %s"),
    ("petitions_idempotencykey", "petition_id = %s"),
)


def submissions(size: str, count: int) -> LoadResult:
    """Insert the rows of the report filed last as fast as eight connections can.

    One transaction each. To be called straight after reports were filed, before any verb.
    """
    connection = _connect(size)
    rows = _rows_of_last_report(connection)
    connection.close()
    numbers, lock = iter(range(count)), threading.Lock()
    times: list[float] = []

    def work() -> None:
        own_connection = _connect(size)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            start = time.perf_counter()
            _insert(own_connection, rows)
            times.append((time.perf_counter() - start) * 1000)
        own_connection.close()

    threads = [threading.Thread(target=work) for _client in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return LoadResult(time.perf_counter() - start, len(times), times)


def _connect(size: str) -> Any:
    return psycopg2.connect(
        host=str(server.DATA_PATHS.sockets),
        port=5432,
        user=postgres.ROLE,
        dbname=server.DATABASE_NAME.format(size),
        cursor_factory=RealDictCursor,
    )


def _rows_of_last_report(connection: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return table and columns of each row of the report filed last by API, without the ids."""
    rows = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(petition_id) AS id FROM petitions_idempotencykey")
        petition = cursor.fetchone()["id"]
        for table, condition in TABLES:
            version = " AND version = 1" if table == "petitions_event" else ""
            cursor.execute(f"SELECT * FROM {table} WHERE {condition}{version}", [petition])
            for row in cursor.fetchall():
                del row["id"]
                rows.append(
                    (table, {k: Json(v) if isinstance(v, dict) else v for k, v in row.items()})
                )
    connection.rollback()
    if rows[0][1]["version"] != 1:
        raise RuntimeError("the report filed last has been changed since")
    return rows


def _insert(connection: Any, rows: list[tuple[str, dict[str, Any]]]) -> None:
    unique = uuid.uuid4().hex
    petition = 0
    with connection.cursor() as cursor:
        for table, row in rows:
            changed = {
                "uuid": unique,
                "tracking_hash": unique * 2,
                "petition_id": petition,
                "key": unique,
            }
            values = {name: changed.get(name, value) for name, value in row.items()}
            columns = ", ".join(values)
            slots = ", ".join(f"%({name})s" for name in values)
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({slots}) RETURNING id", values)
            petition = petition or cursor.fetchone()["id"]
    connection.commit()
