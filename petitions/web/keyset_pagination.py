"""Pages of rows by key, never by offset: what a page costs does not grow with history.

The cursor names the last row seen (its sort key and its id), so rows that come or go in between
neither repeat nor hide others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

SIZES = (20, 50, 100)
COUNT_LIMIT = 1000
HISTORY_LIMIT = 100  # of what has ended: nobody reads on so far, and counting costs with history
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
SEPARATOR = "_"
KEY = "page_key"
LONGEST_ID = 19

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Order:
    """One way to sort: by the instant `expression`, then by id; without one by id alone."""

    word: str
    expression: Combinable | None = None
    is_descending: bool = False


NEWEST = Order("newest", is_descending=True)
OLDEST = Order("oldest")
DUE = Order("due", Coalesce("due_at", Value(NEVER)))
ORDERS: dict[str, Order] = {order.word: order for order in (DUE, NEWEST, OLDEST)}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after (or before) the row with this sort key and id."""

    key: dt.datetime | None
    pk: int
    is_backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """The rows of one page and the cursors of its neighbours, empty where there is none."""

    rows: list[M]
    after: str
    before: str


def parse(order: Order, after: str, before: str) -> Cursor | None:
    """Read a cursor as `page` wrote it; nonsense starts at the top."""
    text, is_backwards = (after, False) if after else (before, True)
    key, _separator, pk = text.rpartition(SEPARATOR)
    if not (pk.isascii() and pk.isdigit() and len(pk) < LONGEST_ID):
        return None
    if order.expression is None:
        return None if key else Cursor(None, int(pk), is_backwards)
    try:
        at = dt.datetime.fromisoformat(key)
    except ValueError:
        return None
    return None if at.tzinfo is None else Cursor(at, int(pk), is_backwards)


def page(rows: QuerySet[M], order: Order, *, cursor: Cursor | None = None, size: int) -> Page[M]:
    """Return one page of `rows`; one query, or two on stepping back to the very beginning."""
    keyed = rows if order.expression is None else rows.annotate(**{KEY: order.expression})
    if cursor is None:
        found = _slice(keyed, order, None, size)
        return _page(order, found[:size], has_more=len(found) > size, has_before=False)
    found = _slice(keyed, order, cursor, size)
    has_more = len(found) > size
    if not cursor.is_backwards:
        return _page(order, found[:size], has_more=has_more, has_before=True)
    if not has_more:
        return page(rows, order, size=size)
    return _page(order, found[:size][::-1], has_more=True, has_before=True)


def _slice(keyed: QuerySet[M], order: Order, cursor: Cursor | None, size: int) -> Sequence[M]:
    is_falling = order.is_descending != (cursor is not None and cursor.is_backwards)
    word = "lt" if is_falling else "gt"
    sign = "-" if is_falling else ""
    if order.expression is None:
        if cursor is not None:
            keyed = keyed.filter(**{f"id__{word}": cursor.pk})
        return list(keyed.order_by(f"{sign}id")[: size + 1])
    if cursor is not None:
        same = Q(**{KEY: cursor.key, f"id__{word}": cursor.pk})
        keyed = keyed.filter(Q(**{f"{KEY}__{word}": cursor.key}) | same)
    return list(keyed.order_by(f"{sign}{KEY}", f"{sign}id")[: size + 1])


def _page(order: Order, rows: Sequence[M], *, has_more: bool, has_before: bool) -> Page[M]:
    return Page(
        list(rows),
        _written(order, rows[-1]) if has_more and rows else "",
        _written(order, rows[0]) if has_before and rows else "",
    )


def _written(order: Order, row: M) -> str:
    if order.expression is None:
        return str(row.pk)
    key: dt.datetime = getattr(row, KEY)
    return f"{key.astimezone(dt.UTC).isoformat()}{SEPARATOR}{row.pk}"


def bounded_count(rows: QuerySet[M], limit: int = COUNT_LIMIT) -> int:
    """Count rows up to `limit` + 1; what is more than that is said as "more than"."""
    return rows.order_by()[: limit + 1].count()


def size_of(text: str) -> int:
    """Return the page size asked for, if it is one of those offered."""
    return int(text) if text in {str(size) for size in SIZES} else SIZES[0]
