"""SELECT statements that Django compiles once per key; instant and ids may differ between runs.

Needed for the speed of the home page and the list: compiling the conditions of a viewer's posts
takes longer than running them. Delete this module when these pages keep their bars without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.utils import timezone
from psycopg2.sql import SQL, Composed

M = TypeVar("M", bound=Model)
Build = Callable[[dt.datetime], QuerySet[M, Any]]
BuildByIds = Callable[[dt.datetime, Sequence[int]], QuerySet[M]]

MAX_STATEMENTS = 2_000
COUNT = SQL("SELECT count(*) FROM ({}) AS counted")
_NO_ID = -1_000_000_007
_SAMPLES = (
    dt.datetime(2001, 3, 4, 5, 6, 7, tzinfo=dt.UTC),
    dt.datetime(2002, 8, 9, 10, 11, 12, tzinfo=dt.UTC),
)


class NotReusable(Exception):
    """A parameter is neither constant, nor `now` plus a fixed distance, nor the date of `now`."""


@dataclass(frozen=True, slots=True)
class _Since:
    """Stands for the instant of the run plus `offset`."""

    offset: dt.timedelta


@dataclass(frozen=True, slots=True)
class _Today:
    """Stands for the date of the instant."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL, its parameters, and the model of its rows."""

    sql: str = ""
    params: tuple[Any, ...] = ()
    model: type[Model] | None = None

    def params_at(self, now: dt.datetime) -> list[Any]:
        """Return the parameters with the instants and the date filled in."""
        return [_filled(param, now) for param in self.params]


@dataclass(frozen=True, slots=True)
class _Nth:
    """Stands for the id at a place of the ids that are asked for."""

    place: int


_EACH_TIME = _Statement()
"""Stands for a query that is compiled each time."""

_EMPTY = _Statement()
"""Stands for a query that can have no row."""

_statements: dict[Hashable, _Statement] = {}


def rows(key: Hashable, build: Build[Any], now: dt.datetime) -> list[tuple[Any, ...]]:
    """Return the rows of `build(now)`, a queryset of plain values.

    `key` must name the query and everything it depends on besides `now`: above all the posts of the
    viewer. A query whose values for two sample instants differ by more than the distance between
    these is compiled each time.
    """
    statement = _statement(key, build)
    if statement is None:
        return list(build(now))
    return _run(statement.sql, statement.params_at(now)) if statement.sql else []


def instances(key: Hashable, build: Build[M], now: dt.datetime) -> list[M]:
    """Return the rows of `build(now)`, a queryset of model rows; see `rows`.

    It may defer columns and annotate instants, but not use `select_related`.
    """
    statement = _statement(key, build)
    if statement is None:
        return list(build(now))
    if statement.model is None:
        return []
    model: type[Any] = statement.model
    return list(model._default_manager.raw(statement.sql, statement.params_at(now)))


def count(key: Hashable, build: Build[Any], now: dt.datetime) -> int:
    """Return the number of rows of `build(now)`, a queryset of plain values; see `rows`."""
    statement = _statement(key, build)
    if statement is None:
        return build(now).count()
    if not statement.sql:
        return 0
    counting = COUNT.format(SQL(statement.sql))
    number: int = _run(counting, statement.params_at(now))[0][0]
    return number


def by_ids(key: Hashable, build: BuildByIds[M], now: dt.datetime, ids: Sequence[int]) -> list[M]:
    """Return the rows of `build(now, ids)`, a queryset of model rows; see `instances`.

    Compiled once for each number of ids.
    """
    if not ids:
        return []
    samples = [_NO_ID - place for place in range(len(ids))]
    statement = _statement(
        ("by ids", key, len(ids)), lambda sample: build(sample, samples), samples
    )
    if statement is None:
        return list(build(now, ids))
    if statement.model is None:
        return []
    params = [
        ids[param.place] if isinstance(param, _Nth) else param for param in statement.params_at(now)
    ]
    model: type[Any] = statement.model
    return list(model._default_manager.raw(statement.sql, params))


def clear() -> None:
    """Remove all statements, for tests that change the conditions a statement was compiled from."""
    _statements.clear()


def _run(sql: str | Composed, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        result: list[tuple[Any, ...]] = cursor.fetchall()
    return result


def _statement(
    key: Hashable, build: Build[Any], sample_ids: Sequence[int] = ()
) -> _Statement | None:
    """Return the kept statement, None if the query must be compiled each time.

    The ids are found in it by `sample_ids`, with which `build` was called.
    """
    statement = _statements.get(key)
    if statement is None:
        try:
            statement = compile_once(build, sample_ids)
        except NotReusable:
            statement = _EACH_TIME
        if len(_statements) >= MAX_STATEMENTS:  # another thread may clear it at any moment
            _statements.clear()
        _statements[key] = statement
    return None if statement is _EACH_TIME else statement


def compile_once(build: Build[Any], sample_ids: Sequence[int] = ()) -> _Statement:
    """Compile a query for two instants to find which parameters depend on the instant.

    Parameters that are sample ids stand for the ids of a run. The statement of a query that can
    have no row is empty. Raises NotReusable.
    """
    try:
        first, second = (build(sample) for sample in _SAMPLES)
        (sql, params), (other_sql, other_params) = _compiled(first), _compiled(second)
    except EmptyResultSet:
        return _EMPTY
    if sql != other_sql or len(params) != len(other_params):
        raise NotReusable(sql)
    pairs = zip(params, other_params, strict=True)
    places = {sample: _Nth(place) for place, sample in enumerate(sample_ids)}
    template = (_template(*pair) for pair in pairs)
    with_ids = (places.get(each, each) if type(each) is int else each for each in template)
    return _Statement(sql, tuple(with_ids), first.model)


def _compiled(queryset: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = queryset.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    return sql, tuple(params)


def _template(param: Any, other: Any) -> Any:
    """Return a constant parameter as it is, or what stands for an instant or for the date."""
    if isinstance(param, dt.datetime) and isinstance(other, dt.datetime):
        offsets = {param - _SAMPLES[0], other - _SAMPLES[1]}
        if len(offsets) == 1:
            return _Since(offsets.pop())
    if (param, other) == tuple(timezone.localdate(sample) for sample in _SAMPLES):
        return _Today()
    if param != other:
        raise NotReusable(f"{param!r} is {other!r} at another instant")
    return param


def _filled(param: Any, now: dt.datetime) -> Any:
    if isinstance(param, _Since):
        return now + param.offset
    return timezone.localdate(now) if isinstance(param, _Today) else param
