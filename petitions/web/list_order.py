"""Sort orders, page sizes and count limits of the list of cases."""

from __future__ import annotations

import datetime as dt

from django.db.models import Value
from django.db.models.functions import Coalesce

from config.lib.db.keyset_pagination import NEWEST, OLDEST, Order

SIZES = (20, 50, 100)
COUNT_LIMIT = 1000
HISTORY_LIMIT = 100  # of ended cases: their number grows, and few people page that far
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
BY_DUE_DATE = Order("due", Coalesce("due_at", Value(NEVER)))
ORDERS: dict[str, Order] = {order.word: order for order in (BY_DUE_DATE, NEWEST, OLDEST)}


def page_size(text: str) -> int:
    """Return the requested page size if it is one of `SIZES`, else the smallest."""
    return int(text) if text in {str(size) for size in SIZES} else SIZES[0]
