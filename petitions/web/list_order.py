"""Sort orders, page sizes and count limits of the list of cases."""

from __future__ import annotations

import datetime as dt

from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce

from config.lib.db.keyset_pagination import NEWEST, OLDEST, Order
from config.lib.viewer import Viewer
from petitions import involvement

SIZES = (20, 50, 100)
COUNT_LIMIT = 1000
HISTORY_LIMIT = 100  # of ended cases: their number grows, and few people page that far
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
BY_DUE_DATE = Order("due", Coalesce("due_at", Value(NEVER)))
ORDERS: dict[str, Order] = {order.word: order for order in (BY_DUE_DATE, NEWEST, OLDEST)}


def order_for(word: str, viewer: Viewer) -> Order:
    """Return a sort order; by due date the viewer's answers and decisions count by their own."""
    if word != BY_DUE_DATE.word or not involvement.can_decide(viewer):
        return ORDERS[word]
    own = Case(
        When(involvement.awaiting_answer_of(viewer), then="answer_due_at"),
        When(involvement.awaiting_decision_by(viewer), then="decision_due_at"),
    )
    return Order(word, Coalesce(own, "due_at", Value(NEVER)))


def page_size(text: str) -> int:
    """Return the requested page size if it is one of `SIZES`, else the smallest."""
    return int(text) if text in {str(size) for size in SIZES} else SIZES[0]
