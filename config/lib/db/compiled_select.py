"""SELECT statements that Django compiles once per key; only the instant differs between runs.

Bars: the queue. Compiling the counters and the order of the home page takes longer than running
them. Delete this module when the home page keeps its bar without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.utils import timezone

Build = Callable[[dt.datetime], QuerySet[Any, Any]]

MAX_STATEMENTS = 2_000
_SAMPLES = (
    dt.datetime(2001, 3, 4, 5, 6, 7, tzinfo=dt.UTC),
    dt.datetime(2002, 8, 9, 10, 11, 12, tzinfo=dt.UTC),
)
_NOW, _TODAY = object(), object()


class NotReusable(Exception):
    """The statement depends on the instant by more than the instant and its date."""


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    params: tuple[Any, ...]

    def params_at(self, now: dt.datetime) -> list[Any]:
        """Return the parameters with the instant and its date filled in."""
        today = timezone.localdate(now)
        filled = {id(_NOW): now, id(_TODAY): today}
        return [filled.get(id(param), param) for param in self.params]


_EACH_TIME = _Statement("", ())
_statements: dict[Hashable, _Statement | None] = {}


def rows(key: Hashable, build: Build, now: dt.datetime) -> list[tuple[Any, ...]]:
    """Return the rows of `build(now)`, a queryset of plain values.

    `key` must name the query and everything it depends on besides `now`: above all the posts of the
    viewer. A query with another instant or date derived from `now` is compiled each time.
    """
    if key not in _statements:
        if len(_statements) >= MAX_STATEMENTS:
            _statements.clear()
        try:
            _statements[key] = compile_once(build)
        except NotReusable:
            _statements[key] = _EACH_TIME
    statement = _statements[key]
    if statement is None:
        return []
    if statement is _EACH_TIME:
        return list(build(now))
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params_at(now))
        result: list[tuple[Any, ...]] = cursor.fetchall()
    return result


def compile_once(build: Build) -> _Statement | None:
    """Compile a query for two instants to find which parameters are the instant; None if it can
    have no row.
    """
    try:
        first, second = (_compiled(build(sample)) for sample in _SAMPLES)
    except EmptyResultSet:
        return None
    (sql, params), (other_sql, other_params) = first, second
    if sql != other_sql or len(params) != len(other_params):
        raise NotReusable(sql)
    pairs = zip(params, other_params, strict=True)
    return _Statement(sql, tuple(_template(param, other) for param, other in pairs))


def _compiled(queryset: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = queryset.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return sql, tuple(params)


def _template(param: Any, other: Any) -> Any:
    """Return a constant parameter as it is, or the mark of the instant or of its date."""
    if (param, other) == _SAMPLES:
        return _NOW
    if (param, other) == tuple(timezone.localdate(sample) for sample in _SAMPLES):
        return _TODAY
    if param != other:
        raise NotReusable(f"{param!r} is {other!r} at another instant")
    return param
