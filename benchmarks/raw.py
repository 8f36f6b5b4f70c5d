"""What the database alone takes for the same rows: the floor that no application gets below."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import psycopg2
from psycopg2.extras import Json, RealDictCursor

from benchmarks import server
from benchmarks.clients import CLIENTS, Rush
from config.local.embedded import postgres

# The rows of one report without a contact. The row in the outbox is written by the database.
TABLES = (
    ("petitions_petition", "id = %s"),
    ("petitions_deadline", "petition_id = %s"),
    ("petitions_event", "petition_id = %s"),
    ("petitions_idempotencykey", "petition_id = %s"),
)


def filing(size: str, count: int) -> Rush:
    """Insert the rows of the report just filed as fast as eight connections can.

    A transaction each. To be asked straight after reports were filed: nobody has touched them yet.
    """
    origin = _connect(size)
    rows = _rows_of_one(origin)
    origin.close()
    numbers, lock, taken = iter(range(count)), threading.Lock(), []  # type: ignore[var-annotated]

    def work() -> None:
        line = _connect(size)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            start = time.perf_counter()
            _insert(line, rows)
            taken.append((time.perf_counter() - start) * 1000)
        line.close()

    threads = [threading.Thread(target=work) for _client in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Rush(time.perf_counter() - start, len(taken), taken)


def _connect(size: str) -> Any:
    return psycopg2.connect(
        host=str(server.AT.sockets),
        port=5432,
        user=postgres.ROLE,
        dbname=server.DATABASE_NAME.format(size),
        cursor_factory=RealDictCursor,
    )


def _rows_of_one(line: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of the report filed last by API, without the ids that the database gives."""
    found = []
    with line.cursor() as cursor:
        cursor.execute("SELECT max(petition_id) AS id FROM petitions_idempotencykey")
        case = cursor.fetchone()["id"]
        for table, condition in TABLES:
            version = " AND version = 1" if table == "petitions_event" else ""
            cursor.execute(f"SELECT * FROM {table} WHERE {condition}{version}", [case])
            for row in cursor.fetchall():
                del row["id"]
                found.append(
                    (table, {k: Json(v) if isinstance(v, dict) else v for k, v in row.items()})
                )
    line.rollback()
    if found[0][1]["version"] != 1:
        raise RuntimeError("somebody has worked on the report that was filed last")
    return found


def _insert(line: Any, rows: list[tuple[str, dict[str, Any]]]) -> None:
    unique = uuid.uuid4().hex
    case = 0
    with line.cursor() as cursor:
        for table, row in rows:
            changed = {
                "uuid": unique,
                "tracking_hash": unique * 2,
                "petition_id": case,
                "key": unique,
            }
            values = {name: changed.get(name, value) for name, value in row.items()}
            columns = ", ".join(values)
            slots = ", ".join(f"%({name})s" for name in values)
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({slots}) RETURNING id", values)
            case = case or cursor.fetchone()["id"]
    line.commit()
