"""Compares the rows that give rights with their records, and records those found at the upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models, transaction

from members.models import RightsRecord
from members.models.rights_records import RECORDED_COLUMNS, append, stored_digests

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
    """Yield the rows that differ from their newest record, have none, or are gone."""
    for model in _models():
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST_SQL, [table])
            newest = {row: bytes(digest) for row, digest in cursor.fetchall()}
        for row, stored in stored_digests(model, model._default_manager.all()):
            recorded = newest.pop(row, None)
            if recorded != stored:
                yield Difference(table, row, stored, recorded)
        for row, recorded in newest.items():
            if recorded:
                yield Difference(table, row, b"", recorded)


@transaction.atomic
def record_found() -> int:
    """Record every row that differs as it is found, and compare from now on; return how many.

    No such row is written meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SQL)
    digests = {(row.table, row.row): row.stored for row in differences()}
    append(digests if is_compared() else {**digests, ("", ""): b""})
    return len(digests)


def record_first() -> int:
    """Record the rows of earlier releases, once; return how many."""
    return 0 if is_compared() else record_found()


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.db_table in RECORDED_COLUMNS]
