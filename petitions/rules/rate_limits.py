"""Exact counters of what may be tried in a window of time: from one address, or on one code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from petitions.models import RateLimitCounter
from petitions.rules import tracking_codes


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` tries in each window of `seconds`, counted under `name`."""

    name: str
    limit: int
    seconds: int


TRACK = RateLimit("track", 5, 15 * 60)
DIGITS = RateLimit("digits", 10, 24 * 60 * 60)
NOTHING = RateLimit("nothing", 2**31 - 1, 24 * 60 * 60)  # counts and never refuses
SUBMIT = RateLimit("file", 30, 60 * 60)
JOIN = RateLimit("join", 30, 60 * 60)
PHOTO = RateLimit("photo", 120, 60 * 60)


class RateLimited(Exception):
    """A rule's limit is reached; `retry_after` is how many seconds its window still lasts."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(str(retry_after))
        self.retry_after = retry_after


def hit(rule: RateLimit, what: str, now: dt.datetime) -> None:
    """Count one try from an address or on a code; refuse it with `TooMany` at the limit.

    One statement that counts and tests at once: however many come together, exactly `limit` pass.
    """
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    window = _window(rule, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (bucket, "window", count) VALUES (%s, %s, 1)'  # noqa: S608 - own table
            f' ON CONFLICT (bucket, "window") DO UPDATE SET count = {table}.count + 1'
            f" WHERE {table}.count < %s",
            [_bucket(rule, what), window, rule.limit],
        )
        if not cursor.rowcount:
            ends = window + dt.timedelta(seconds=rule.seconds)
            raise RateLimited(max(1, round((ends - now).total_seconds())))


def release(rule: RateLimit, what: str, now: dt.datetime) -> None:
    """Take one try back: it was no guess, the answer was right."""
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET count = count - 1"  # noqa: S608 - own table
            ' WHERE bucket = %s AND "window" = %s AND count > 0',
            [_bucket(rule, what), _window(rule, now)],
        )


def _bucket(rule: RateLimit, what: str) -> str:
    return f"{rule.name}:{tracking_codes.bucket(what)}"


def _window(rule: RateLimit, now: dt.datetime) -> dt.datetime:
    start = int(now.timestamp()) // rule.seconds * rule.seconds
    return dt.datetime.fromtimestamp(start, dt.UTC)
