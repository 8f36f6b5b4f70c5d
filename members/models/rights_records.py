"""Signed records of the rows that give rights: posts, accounts and API tokens.

Whoever writes such a row calls `record`, which appends a record with a digest of the row. Who can
write to the database, but does not know `TRACKING_SECRET`, cannot make a record that fits, so
`check_integrity` notices a row that the product did not write. Lines of the security log would not
do: the owner may remove them after six months, and a post is held for longer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db import models

from config.lib import clock
from config.lib.audit import signatures
from config.lib.db.append_only import SignedModel

RECORDED_COLUMNS: dict[str, tuple[str, ...]] = {
    "members_user": (
        *("username", "password", "email"),
        *("is_system", "is_active", "is_staff", "is_superuser"),
    ),
    "members_post": (
        *("user", "role", "organisation", "area", "is_deputy", "valid_from", "valid_to"),
    ),
    "knox_authtoken": ("user", "expiry"),
}
"""What the digest of a row covers, by table: the columns on which rights depend."""

BATCH = 1000
LONGEST_ID = 20


class RightsRecord(SignedModel):
    """What a row that gives rights was after the product wrote it; the newest record counts.

    `digest` is empty when the row was removed. A record without a table says that the rows found
    at the time were recorded as they were: from then on they are compared.
    """

    signed_columns: ClassVar = ("at", "table", "row", "digest")

    at = models.DateTimeField()
    table = models.CharField(max_length=60)
    row = models.CharField(max_length=40)
    digest = models.BinaryField(default=b"")

    class Meta:
        indexes = [models.Index(fields=["table", "row"], name="rights_record_row")]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"


def record(*rows: models.Model) -> None:
    """Append records of rows that were written, in the transaction that wrote them.

    The rows are read again: a row in memory may hold older values in columns that were not written.
    """
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(row._meta.model, []).append(row.pk)
    for model, ids in by_model.items():
        record_ids(model, ids)


def record_ids(model: type[models.Model], ids: Sequence[Any]) -> None:
    """Append records of the rows of a table with these ids, or of their removal."""
    table = model._meta.db_table
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        stored = dict(stored_digests(model, model._default_manager.filter(pk__in=batch)))
        append({(table, key): stored.get(key, b"") for key in map(row_key, batch)})


def append(digests: dict[tuple[str, str], bytes]) -> None:
    """Append records: digests by table and key of the row."""
    now = clock.now()
    rows = [_signed(now, *where, digest) for where, digest in digests.items()]
    RightsRecord.objects.bulk_create(rows, BATCH)


def stored_digests(
    model: type[models.Model], rows: models.QuerySet[Any]
) -> Iterable[tuple[str, bytes]]:
    """Yield key and digest of rows as they are stored."""
    table = model._meta.db_table
    values = rows.order_by("pk").values_list("pk", *RECORDED_COLUMNS[table])
    for pk, *columns in values.iterator(chunk_size=BATCH):
        plain = [_plain(value) for value in columns]
        yield row_key(pk), signatures.sign(f"rights of {table}", [pk, *plain])


def row_key(pk: object) -> str:
    """Return what a record calls a row: its id; of a token, whose id is long, a digest of it."""
    text = str(pk)
    return text if len(text) <= LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()[:40]


def _signed(now: dt.datetime, table: str, row: str, digest: bytes) -> RightsRecord:
    line = RightsRecord(at=now, table=table, row=row, digest=digest)
    line.sign()
    return line


def _plain(value: object) -> object:
    is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return str(value) if is_day else value
