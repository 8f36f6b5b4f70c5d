"""Counters of rate limits: exact, per address and for everybody."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from petitions.models import RateLimitCounter
from petitions.rules import rate_limits
from petitions.rules.rate_limits import RateLimit, RateLimited

NOW = dt.datetime(2026, 6, 1, 10, 7, tzinfo=dt.UTC)
FIVE = RateLimit("test", 5, 15 * 60)


def _passes(rule: RateLimit, address: str, now: dt.datetime = NOW) -> bool:
    try:
        rate_limits.hit(rule, address, now)
    except RateLimited:
        return False
    return True


@pytest.mark.django_db
def test_five_pass_and_the_sixth_is_told_when_to_come_back() -> None:
    assert [_passes(FIVE, "192.0.2.1") for _i in range(7)] == [True] * 5 + [False] * 2
    with pytest.raises(RateLimited) as refused:
        rate_limits.hit(FIVE, "192.0.2.1", NOW)
    assert refused.value.retry_after == 8 * 60  # from 10:07 to 10:15


@pytest.mark.django_db
def test_more_is_never_given_back_than_was_taken() -> None:
    assert _passes(FIVE, "192.0.2.1")
    for _i in range(3):
        rate_limits.release(FIVE, "192.0.2.1", NOW)
    assert [_passes(FIVE, "192.0.2.1") for _i in range(6)] == [True] * 5 + [False]


@pytest.mark.django_db
def test_another_address_and_another_window_have_their_own_count() -> None:
    for _i in range(5):
        rate_limits.hit(FIVE, "192.0.2.1", NOW)
    assert _passes(FIVE, "192.0.2.2")
    assert _passes(FIVE, "192.0.2.1", NOW + dt.timedelta(minutes=8))


@pytest.mark.django_db
def test_a_right_answer_is_given_back() -> None:
    for _i in range(20):
        rate_limits.hit(FIVE, "192.0.2.1", NOW)
        rate_limits.release(FIVE, "192.0.2.1", NOW)
    assert RateLimitCounter.objects.get().count == 0


@pytest.mark.django_db
def test_the_address_itself_is_not_stored() -> None:
    rate_limits.hit(FIVE, "192.0.2.77", NOW)
    assert "192.0.2.77" not in RateLimitCounter.objects.get().bucket


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_exact_when_many_come_at_once() -> None:
    rule = RateLimit("crowd", 25, 3600)

    def attempt(_number: int) -> bool:
        try:
            return _passes(rule, "192.0.2.9")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(attempt, range(80)))
    assert passed == 25
    assert RateLimitCounter.objects.get().count == 25
