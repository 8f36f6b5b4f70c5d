"""Compares the rows that give rights with their records, and records those found at the upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from members.models import RightsRecord
from members.models.rights_records import (
    BATCH,
    COMPARED,
    RECORDED_COLUMNS,
    append,
    digests_of,
    newest_digests,
    row_key,
    stored_digests,
)

_NEWEST_SQL = """
SELECT DISTINCT ON (row) row, digest FROM members_rightsrecord WHERE "table" = %s
ORDER BY row, id DESC"""

_LOCK_SQL = """
SET LOCAL lock_timeout = '2s';
LOCK TABLE members_user, members_post, knox_authtoken IN SHARE ROW EXCLUSIVE MODE"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not as it was recorded: `recorded` is None without any record of it.

    `stored` or `recorded` is empty where the row is gone.
    """

    table: str
    row: str
    stored: bytes
    recorded: bytes | None


def is_compared() -> bool:
    """Return whether the rows that earlier releases wrote have been recorded."""
    return RightsRecord.objects.filter(table="").exists()


def differences() -> Iterator[Difference]:
    """Yield the rows that differ from their newest record, have none, or are gone.

    Rows and records are read one after the other, so a row that is being written may seem to
    differ. It is read again while it is locked: who wrote it has recorded it when its lock ends.
    """
    for model in _models():
        seeming = _seeming_differences(model)
        for start in range(0, len(seeming), BATCH):
            yield from _confirmed(model, seeming[start : start + BATCH])


def _seeming_differences(model: type[models.Model]) -> list[tuple[str, Any]]:
    """Return key and id of the rows that seem to differ; a row that is gone has no id."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_SQL, [table])
        newest = {row: bytes(digest) for row, digest in cursor.fetchall()}
    seeming: list[tuple[str, Any]] = []
    for pk, stored in digests_of(model, model._default_manager.all()):
        key = row_key(pk)
        if newest.pop(key, None) != stored:
            seeming.append((key, pk))
    return seeming + [(key, None) for key, recorded in newest.items() if recorded]


@transaction.atomic
def _confirmed(model: type[models.Model], rows: list[tuple[str, Any]]) -> list[Difference]:
    """Return the rows that still differ now that nobody is writing them."""
    table = model._meta.db_table
    ids = [pk for _key, pk in rows if pk is not None]
    stored = stored_digests(model, ids, is_locking=True)
    newest = newest_digests(table, [key for key, _pk in rows])
    confirmed = [
        Difference(table, key, stored.get(pk, b""), newest.get((table, key))) for key, pk in rows
    ]
    return [row for row in confirmed if row.stored != (row.recorded or b"")]


@transaction.atomic
def record_found() -> int:
    """Record every row that differs as it is found, and compare from now on; return how many.

    No such row is written meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SQL)
    digests = {(row.table, row.row): row.stored for row in differences()}
    append(digests if is_compared() else {**digests, COMPARED: b""})
    return len(digests)


def record_first() -> int:
    """Record the rows of earlier releases, once; return how many."""
    return 0 if is_compared() else record_found()


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.db_table in RECORDED_COLUMNS]
