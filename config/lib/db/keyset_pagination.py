"""Keyset pagination of pages and API: the cost of a page does not grow with its position.

A cursor holds the sort key and the id of the last row seen. Rows that are added or removed between
two requests do not shift the others, which an offset cannot ensure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

SEPARATOR = "_"
KEY = "page_key"  # annotation with the sort key
MAX_ID_DIGITS = 18  # of a 64-bit integer

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Order:
    """A sort order: by the instant `expression` and then by id, or by id alone."""

    word: str
    expression: Combinable | None = None
    is_descending: bool = False

    @property
    def is_by_id(self) -> bool:
        """Whether rows are sorted by id alone."""
        return self.expression is None


NEWEST = Order("newest", is_descending=True)
OLDEST = Order("oldest")


@dataclass(frozen=True, slots=True)
class PageCursor:
    """The row after which a page begins, or before which it ends with `is_backwards`."""

    key: dt.datetime | None
    pk: int
    is_backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """The rows of a page, and the cursors of the next and previous page as text, or empty."""

    rows: list[M]
    after: str
    before: str


def parse(order: Order, after: str, before: str) -> PageCursor | None:
    """Read a cursor written by `page`; None if it is invalid."""
    text, is_backwards = (after, False) if after else (before, True)
    key, _separator, pk = text.rpartition(SEPARATOR)
    if not (pk.isascii() and pk.isdigit() and len(pk) <= MAX_ID_DIGITS):
        return None
    if order.expression is None:
        return None if key else PageCursor(None, int(pk), is_backwards)
    try:
        at = dt.datetime.fromisoformat(key)
    except ValueError:
        return None
    return None if at.tzinfo is None else PageCursor(at, int(pk), is_backwards)


def page(
    rows: QuerySet[M], order: Order, *, cursor: PageCursor | None = None, size: int
) -> Page[M]:
    """Return a page of `rows` with one query; with two when going back reaches the first page."""
    batch = list(batch_of(rows, order, cursor=cursor, size=size))
    if cursor is None:
        return first_page(batch, order, size=size)
    return later_page(batch, order, cursor=cursor, size=size) or page(rows, order, size=size)


def first_page(batch: Sequence[M], order: Order, *, size: int) -> Page[M]:
    """Return the first page of a list; `batch` has the rows of `batch_of`."""
    return _page(order, batch[:size], has_more=len(batch) > size, has_before=False)


def later_page(
    batch: Sequence[M], order: Order, *, cursor: PageCursor, size: int
) -> Page[M] | None:
    """Return the page at a cursor; None if going back has reached the first page.

    `batch` has the rows of `batch_of`.
    """
    has_more = len(batch) > size
    if not cursor.is_backwards:
        return _page(order, batch[:size], has_more=has_more, has_before=True)
    if not has_more:
        return None
    return _page(order, batch[:size][::-1], has_more=True, has_before=True)


def keyed(rows: QuerySet[M], order: Order) -> QuerySet[M]:
    """Annotate rows with the key of the order, from which the cursors are made."""
    return rows if order.expression is None else rows.annotate(**{KEY: order.expression})


def batch_of(
    rows: QuerySet[M], order: Order, *, cursor: PageCursor | None = None, size: int
) -> QuerySet[M]:
    """Return the query of one row more than the page, in the direction of the cursor."""
    rows_with_key = keyed(rows, order)
    is_descending = order.is_descending != (cursor is not None and cursor.is_backwards)
    lookup = "lt" if is_descending else "gt"
    sign = "-" if is_descending else ""
    if order.expression is None:
        if cursor is not None:
            rows_with_key = rows_with_key.filter(**{f"id__{lookup}": cursor.pk})
        return rows_with_key.order_by(f"{sign}id")[: size + 1]
    if cursor is not None:
        has_same_key = Q(**{KEY: cursor.key, f"id__{lookup}": cursor.pk})
        is_beyond = Q(**{f"{KEY}__{lookup}": cursor.key}) | has_same_key
        rows_with_key = rows_with_key.filter(is_beyond)
    return rows_with_key.order_by(f"{sign}{KEY}", f"{sign}id")[: size + 1]


def _page(order: Order, rows: Sequence[M], *, has_more: bool, has_before: bool) -> Page[M]:
    return Page(
        list(rows),
        _cursor_text(order, rows[-1]) if has_more and rows else "",
        _cursor_text(order, rows[0]) if has_before and rows else "",
    )


def _cursor_text(order: Order, row: M) -> str:
    if order.expression is None:
        return str(row.pk)
    key: dt.datetime = getattr(row, KEY)
    return f"{key.astimezone(dt.UTC).isoformat()}{SEPARATOR}{row.pk}"


def bounded_count(rows: QuerySet[M], limit: int) -> int:
    """Count rows up to `limit` + 1; a larger result means "more than `limit`"."""
    return rows.order_by()[: limit + 1].count()
