"""How often strangers may try: the number and the window of each policy."""

from __future__ import annotations

import datetime as dt

import pytest

from petitions.models import RateLimitCounter
from petitions.rules import rate_limits
from petitions.rules.rate_limits import RateLimit, RateLimited

MIDNIGHT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)  # where windows of all lengths begin
SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)
ADDRESS = "192.0.2.1"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("policy", "limit", "window"),
    [
        (rate_limits.TRACK, 5, HOUR / 4),
        (rate_limits.DIGITS, 10, 24 * HOUR),
        (rate_limits.SUBMIT, 30, HOUR),
        (rate_limits.JOIN, 30, HOUR),
        (rate_limits.PHOTO, 120, HOUR),
        (rate_limits.SLIP, 1, 24 * HOUR),
    ],
)
def test_limit_holds_until_the_window_ends(
    policy: RateLimit, limit: int, window: dt.timedelta
) -> None:
    for _time in range(limit):
        rate_limits.hit(policy, ADDRESS, MIDNIGHT)
    with pytest.raises(RateLimited):
        rate_limits.hit(policy, ADDRESS, MIDNIGHT + window - SECOND)
    rate_limits.hit(policy, ADDRESS, MIDNIGHT + window)


@pytest.mark.django_db
def test_policies_do_not_share_a_counter() -> None:
    for _time in range(rate_limits.TRACK.limit):
        rate_limits.hit(rate_limits.TRACK, ADDRESS, MIDNIGHT)
    for policy in (rate_limits.DIGITS, rate_limits.SUBMIT, rate_limits.JOIN, rate_limits.PHOTO):
        rate_limits.hit(policy, ADDRESS, MIDNIGHT)


@pytest.mark.django_db
def test_last_second_of_a_window_is_told_as_one() -> None:
    for _time in range(rate_limits.TRACK.limit):
        rate_limits.hit(rate_limits.TRACK, ADDRESS, MIDNIGHT)
    end = MIDNIGHT + HOUR / 4
    with pytest.raises(RateLimited) as refused:
        rate_limits.hit(rate_limits.TRACK, ADDRESS, end - SECOND / 4)
    assert refused.value.retry_after == 1


@pytest.mark.django_db
def test_a_code_without_limit_is_counted_in_the_same_windows_as_one_with_a_limit() -> None:
    for hours in range(0, 120, 8):
        RateLimitCounter.objects.all().delete()
        rate_limits.hit(rate_limits.DIGITS, ADDRESS, MIDNIGHT + hours * HOUR)
        rate_limits.hit(rate_limits.UNLIMITED, ADDRESS, MIDNIGHT + hours * HOUR)
        limited, unlimited = RateLimitCounter.objects.values_list("window", "count")
        assert limited == unlimited
