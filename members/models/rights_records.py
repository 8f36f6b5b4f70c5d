"""Signed records of the rows that give rights: posts, accounts and API tokens.

Code that inserts such a row calls `record`; code that changes or deletes one does so within
`recorded`. Both append a record with a digest of the row. A person who can write to the database
but does not know `TRACKING_SECRET` cannot make a valid record, so `check_integrity` notices a row
that the product did not write. Lines of the security log would not do: the owner may remove them
after six months, and a post is held for longer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import structlog
from django.db import models, transaction

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

COMPARED = ("", "")
"""Table and row of the record that says that comparing began."""

BATCH = 1000
LONGEST_ID = 20

_log = structlog.get_logger("audit")


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
    """Append records of rows that were just inserted, in the transaction that inserted them.

    The rows are read as they are stored. A row in whose place another one is recorded is left out.
    """
    for model, ids in _ids_by_model(rows).items():
        _append_changed(model, ids, before={})


@contextmanager
def recorded(*rows: models.Model) -> Iterator[None]:
    """Lock rows, let the block write or delete them, and record those that it changed.

    A row that was not as its newest record says, or had none, is left out: `check_integrity` goes
    on reporting it. All is one transaction.
    """
    with transaction.atomic():
        before = {
            model: stored_digests(model, ids, is_locking=True)
            for model, ids in _ids_by_model(rows).items()
        }
        yield
        for model, digests in before.items():
            _append_changed(model, list(digests), digests)


def append(digests: dict[tuple[str, str], bytes]) -> None:
    """Append records: digests by table and key of the row."""
    now = clock.now()
    rows = [_signed(now, *where, digest) for where, digest in digests.items()]
    RightsRecord.objects.bulk_create(rows, BATCH)


def newest_digests(table: str, keys: Collection[str]) -> dict[tuple[str, str], bytes]:
    """Return the newest records of rows by table and key, with that of `COMPARED`."""
    asked = models.Q(table=table, row__in=keys) | models.Q(table="", row="")
    rows = RightsRecord.objects.filter(asked).order_by("table", "row", "-id")
    newest = rows.distinct("table", "row").values_list("table", "row", "digest")
    return {(table, row): bytes(digest) for table, row, digest in newest}


def stored_digests(
    model: type[models.Model], ids: Collection[Any], *, is_locking: bool = False
) -> dict[Any, bytes]:
    """Return the digests of the rows with these ids as they are stored; empty if there is none.

    With `is_locking` nobody writes the rows until the transaction ends.
    """
    rows = model._default_manager.filter(pk__in=ids)
    if is_locking:
        rows = rows.select_for_update(no_key=True)
    return {**dict.fromkeys(ids, b""), **dict(digests_of(model, rows))}


def digests_of(
    model: type[models.Model], rows: models.QuerySet[Any]
) -> Iterator[tuple[Any, bytes]]:
    """Yield id and digest of rows as they are stored."""
    table = model._meta.db_table
    values = rows.order_by("pk").values_list("pk", *RECORDED_COLUMNS[table])
    for pk, *columns in values.iterator(chunk_size=BATCH):
        plain = [_plain(value) for value in columns]
        yield pk, signatures.sign(f"rights of {table}", [pk, *plain])


def _append_changed(
    model: type[models.Model], ids: Sequence[Any], before: Mapping[Any, bytes]
) -> None:
    """Append records of the rows whose digest is another one than before.

    Once rows are compared, only of those that were as recorded.
    """
    table = model._meta.db_table
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        newest = newest_digests(table, [row_key(pk) for pk in batch])
        changed = {}
        for pk, stored in stored_digests(model, batch).items():
            where = table, row_key(pk)
            earlier = before.get(pk, b"")
            if stored == earlier:
                continue
            if COMPARED in newest and newest.get(where, b"") != earlier:
                _log.warning("rights_not_recorded", table=table, row=where[1])
                continue
            changed[where] = stored
        append(changed)


def _ids_by_model(rows: Iterable[models.Model]) -> dict[type[models.Model], list[Any]]:
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        by_model.setdefault(row._meta.model, []).append(row.pk)
    return by_model


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
