"""Fixed-window rate limits per client address, tracking code or account, stored in PostgreSQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from config.lib.db.prepared import PreparedQuery
from petitions.models import RateLimitCounter
from petitions.rules import tracking_codes


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A policy: at most `limit` hits in each window of `seconds`, counted under `name`."""

    name: str
    limit: int
    seconds: int


TRACK = RateLimit("track", 5, 15 * 60)
DIGITS = RateLimit("digits", 10, 24 * 60 * 60)
UNLIMITED = RateLimit("nothing", 2**31 - 1, 24 * 60 * 60)
"""Counts like `DIGITS` and never refuses, so that both cases take the same time."""

SUBMIT = RateLimit("file", 30, 60 * 60)
JOIN = RateLimit("join", 30, 60 * 60)
PHOTO = RateLimit("photo", 120, 60 * 60)
SLIP = RateLimit("slip", 1, 24 * 60 * 60)
"""How often the code of a case about an organisation is shown to the staff who logged it."""


class RateLimited(Exception):
    """The limit is reached; the window lasts `retry_after` more seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(str(retry_after))
        self.retry_after = retry_after


# Outside a transaction the count is committed without waiting for the disk: a crash of the server
# may forget the hits of its last moments, and no request waits for a second write to the disk.
_HIT = PreparedQuery(
    "rate_limit_hit",
    "varchar, timestamptz, integer, boolean",
    lambda: (
        """
        INSERT INTO petitions_guesscount AS counter (bucket, "window", count)
        SELECT $1, $2, 1
        WHERE CASE WHEN $4 THEN true
            ELSE set_config('synchronous_commit', 'off', true) IS NOT NULL END
        ON CONFLICT (bucket, "window") DO UPDATE SET count = counter.count + 1
        WHERE counter.count < $3
        RETURNING counter.count::integer
    """
    ),
)


def hit(policy: RateLimit, key: str, now: dt.datetime) -> None:
    """Count one hit of an address, a code or an account; raise `RateLimited` at the limit.

    One statement counts and tests, so exactly `limit` of any number of concurrent hits pass.
    """
    window = _window(policy, now)
    in_transaction = connection.in_atomic_block
    if not _HIT.rows(_bucket(policy, key), window, policy.limit, in_transaction):
        ends = window + dt.timedelta(seconds=policy.seconds)
        raise RateLimited(max(1, round((ends - now).total_seconds())))


def release(policy: RateLimit, key: str, now: dt.datetime) -> None:
    """Take one hit back: the attempt turned out to be right."""
    counters = RateLimitCounter.objects.filter(
        bucket=_bucket(policy, key), window=_window(policy, now), count__gt=0
    )
    counters.update(count=F("count") - 1)


def _bucket(policy: RateLimit, key: str) -> str:
    """Return the counter's name; the address or code in it is hashed."""
    return f"{policy.name}:{tracking_codes.bucket(key)}"


def _window(policy: RateLimit, now: dt.datetime) -> dt.datetime:
    start = int(now.timestamp()) // policy.seconds * policy.seconds
    return dt.datetime.fromtimestamp(start, dt.UTC)
