"""Rows of several tables written in one round trip, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, Model
from django.db.models.sql import InsertQuery


def insert(*rows: Model) -> int:
    """Insert rows in this order, all in one round trip; returns the id of the last.

    A row that others refer to has its id drawn before (`draw`); one without gets its id from the
    table, and only the last one is told it.
    """
    statements, given = [], []
    for row in rows:
        sql, values = _statement(row)
        statements.append(sql)
        given += values
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements) + " RETURNING id", given)
        (last,) = cursor.fetchone()
    rows[-1].pk = last
    for row in rows:
        row._state.adding = False  # noqa: SLF001 - what the framework does after a save
        row._state.db = connection.alias  # noqa: SLF001 - the same
    return int(last)


def _statement(row: Model) -> tuple[str, list[Any]]:
    model = type(row)
    fields = _fields(model, has_id=row.pk is not None)
    slots, values = [], []
    for field in fields:
        value = getattr(row, field.attname)
        if isinstance(value, Expression):
            slot, inside = _worked_out(model, value)
            slots.append(slot)
            values += inside
        else:
            slots.append("%s")
            values.append(field.get_db_prep_save(value, connection))
    return f"{_head(model, fields)} VALUES ({', '.join(slots)})", values


@cache
def _fields(model: type[Model], *, has_id: bool) -> tuple[Field[Any, Any], ...]:
    fields = model._meta.local_concrete_fields  # noqa: SLF001 - Django's documented Meta API
    return tuple(field for field in fields if has_id or not field.primary_key)


@cache
def _head(model: type[Model], fields: Sequence[Field[Any, Any]]) -> str:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    table = quote(model._meta.db_table)  # noqa: SLF001 - Django's documented Meta API
    return f"INSERT INTO {table} ({columns})"


def _worked_out(model: type[Model], value: Expression) -> tuple[str, list[Any]]:
    query = InsertQuery(model)
    compiler = query.get_compiler(connection=connection)
    found = value.resolve_expression(query, allow_joins=False, for_save=True)
    sql, values = compiler.compile(found)
    return sql, list(values)
