"""Keyset pagination: no row is repeated or skipped, also when rows are added or removed."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.lib.db import keyset_pagination
from petitions.models import Petition
from petitions.web import list_order
from tests.support.cast import Stage

NOW = timezone.now()


@pytest.fixture
def cases(stage: Stage) -> list[Petition]:
    """Seven cases; two of them are due at the same instant, one is due never."""
    made = [
        stage.file(now=NOW - dt.timedelta(hours=hours)).petition for hours in (9, 3, 3, 7, 1, 5, 8)
    ]
    Petition.objects.filter(pk=made[-1].pk).update(due_at=None, soon_at=None)
    return made


def walk(order: keyset_pagination.Order, size: int) -> list[int]:
    found: list[int] = []
    after = ""
    while True:
        cursor = keyset_pagination.parse(order, after, "")
        page = keyset_pagination.page(Petition.objects.all(), order, cursor=cursor, size=size)
        found += [row.pk for row in page.rows]
        if not page.after:
            return found
        after = page.after


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("order", list_order.ORDERS.values(), ids=list(list_order.ORDERS))
def test_pages_together_are_the_whole_list(
    cases: list[Petition], order: keyset_pagination.Order, size: int
) -> None:
    assert walk(order, size) == walk(order, 100)
    assert sorted(walk(order, size)) == sorted(case.pk for case in cases)


def test_each_order_sorts_as_it_says(cases: list[Petition]) -> None:
    ids = [case.pk for case in cases]
    assert walk(keyset_pagination.NEWEST, 3) == ids[::-1]
    assert walk(keyset_pagination.OLDEST, 3) == ids
    assert walk(list_order.BY_DUE_DATE, 3) == [
        ids[0],
        ids[3],
        ids[5],
        ids[1],
        ids[2],
        ids[4],
        ids[6],
    ]


@pytest.mark.parametrize("order", list_order.ORDERS.values(), ids=list(list_order.ORDERS))
def test_back_leads_to_the_page_before(
    cases: list[Petition], order: keyset_pagination.Order
) -> None:
    everything = Petition.objects.all()
    first = keyset_pagination.page(everything, order, size=2)
    second = keyset_pagination.page(
        everything, order, cursor=keyset_pagination.parse(order, first.after, ""), size=2
    )
    third = keyset_pagination.page(
        everything, order, cursor=keyset_pagination.parse(order, second.after, ""), size=2
    )
    back = keyset_pagination.page(
        everything, order, cursor=keyset_pagination.parse(order, "", third.before), size=2
    )
    assert back.rows == second.rows
    start = keyset_pagination.page(
        everything, order, cursor=keyset_pagination.parse(order, "", back.before), size=2
    )
    assert start.rows == first.rows
    assert not start.before


def test_a_row_that_goes_hides_no_other(cases: list[Petition]) -> None:
    everything = Petition.objects.all()
    first = keyset_pagination.page(everything, keyset_pagination.OLDEST, size=3)
    cursor = keyset_pagination.parse(keyset_pagination.OLDEST, first.after, "")
    rest = keyset_pagination.page(
        everything.exclude(pk=first.rows[0].pk), keyset_pagination.OLDEST, cursor=cursor, size=9
    )
    assert [row.pk for row in rest.rows] == [case.pk for case in cases[3:]]


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "_",
        "12_",
        "_12",
        "2026-01-01_3",
        "nan_1",
        "1_1_1",
        "9" * 30,
        "٣",
        "2026-13-01T00:00:00+00:00_1",
    ],
)
@pytest.mark.parametrize(
    "order", [list_order.BY_DUE_DATE, keyset_pagination.NEWEST], ids=["due", "newest"]
)
def test_nonsense_starts_at_the_top(order: keyset_pagination.Order, word: str) -> None:
    cursor = keyset_pagination.parse(order, word, "")
    assert cursor is None or (order is keyset_pagination.NEWEST and cursor.pk == 12)


def test_one_query_a_page_and_no_offset(cases: list[Petition]) -> None:
    first = keyset_pagination.page(Petition.objects.all(), list_order.BY_DUE_DATE, size=2)
    cursor = keyset_pagination.parse(list_order.BY_DUE_DATE, first.after, "")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        keyset_pagination.page(
            Petition.objects.all(), list_order.BY_DUE_DATE, cursor=cursor, size=2
        )
    assert len(asked) == 1
    assert "OFFSET" not in asked[0]["sql"]


def test_counting_stops(cases: list[Petition]) -> None:
    assert keyset_pagination.bounded_count(Petition.objects.all(), limit=1000) == 7
    assert keyset_pagination.bounded_count(Petition.objects.all(), limit=3) == 4


def test_only_offered_sizes() -> None:
    assert [list_order.page_size(text) for text in ("50", "100", "7", "", "1000000", "x")] == [
        50,
        100,
        20,
        20,
        20,
        20,
    ]
