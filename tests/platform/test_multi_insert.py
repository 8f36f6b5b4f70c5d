"""Insert of several rows in one round trip."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.postgres.search import SearchVector
from django.db import IntegrityError, connection, transaction
from django.db.models import Value
from django.test.utils import CaptureQueriesContext

from config.lib.db import multi_insert
from petitions.models import RateLimitCounter

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)


def test_several_rows_are_written_at_once() -> None:
    first = RateLimitCounter(bucket="百分之一%", window=AT, count=3)
    last = RateLimitCounter(bucket="b'; --", window=AT)
    with CaptureQueriesContext(connection) as queries:
        multi_insert.multi_insert(first, last)
    assert len(queries) == 1
    assert set(RateLimitCounter.objects.values_list("bucket", "window", "count")) == {
        ("百分之一%", AT, 3),
        ("b'; --", AT, 0),
    }
    assert RateLimitCounter.objects.get(bucket="b'; --").pk == last.pk


def test_a_row_with_its_id_keeps_it() -> None:
    multi_insert.multi_insert(
        RateLimitCounter(pk=4_000, bucket="one", window=AT),
        RateLimitCounter(bucket="two", window=AT),
    )
    assert RateLimitCounter.objects.get(bucket="one").pk == 4_000


def test_saving_an_inserted_row_updates_it() -> None:
    row = RateLimitCounter(bucket="one", window=AT)
    multi_insert.multi_insert(row)
    row.count = 7
    row.save()
    assert list(RateLimitCounter.objects.values_list("count", flat=True)) == [7]


def test_all_or_nothing() -> None:
    twin = {"bucket": "one", "window": AT}
    with pytest.raises(IntegrityError, match="guess_count_once"), transaction.atomic():
        multi_insert.multi_insert(RateLimitCounter(**twin), RateLimitCounter(**twin))
    assert not RateLimitCounter.objects.exists()


def test_expression_is_evaluated_by_the_database() -> None:
    sql, values = multi_insert._compiled(
        RateLimitCounter, SearchVector(Value("自来 水"), config="simple"), connection
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", values)
        assert cursor.fetchone() == ("'水':2 '自来':1",)
