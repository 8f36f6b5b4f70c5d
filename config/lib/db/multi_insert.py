"""Rows of several tables written in one round trip, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    Expression,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
)
from django.db.models.sql import InsertQuery

# What a field of these kinds holds as a plain value is written as it is.
PLAIN_FIELDS = (BooleanField, CharField, ForeignKey, IntegerField, TextField)
PLAIN_VALUES = {bool, int, str, type(None)}


def multi_insert(*rows: Model) -> int:
    """Insert rows in this order, all in one round trip; returns the id of the last.

    A row that others refer to has its id already, drawn from the table's sequence; one without
    gets it from the table, and only the last one is told it.
    """
    line = connections[DEFAULT_DB_ALIAS]
    statements, given = [], []
    for row in rows:
        sql, values = _statement(row, line)
        statements.append(sql)
        given += values
    with line.cursor() as cursor:
        cursor.execute(";\n".join(statements) + " RETURNING id", given)
        (last,) = cursor.fetchone()
    rows[-1].pk = last
    for row in rows:
        row._state.adding = False  # noqa: SLF001 - what the framework does after a save
        row._state.db = line.alias  # noqa: SLF001 - the same
    return int(last)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How rows of one table begin, and the fields of their columns with what is plain in them."""

    head: str
    fields: tuple[tuple[Field[Any, Any], set[type]], ...]


def _statement(row: Model, line: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    shape = _shape(type(row), has_id=row.pk is not None)
    slots, values = [], []
    for field, plain in shape.fields:
        value = getattr(row, field.attname)
        if type(value) in plain:
            slots.append("%s")
            values.append(value)
        elif isinstance(value, Expression):
            slot, inside = _worked_out(type(row), value, line)
            slots.append(slot)
            values += inside
        else:
            slots.append("%s")
            values.append(field.get_db_prep_save(value, line))
    return f"{shape.head} VALUES ({', '.join(slots)})", values


@cache
def _shape(model: type[Model], *, has_id: bool) -> _Shape:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    about = model._meta
    fields = tuple(one for one in about.local_concrete_fields if has_id or not one.primary_key)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    kinds = tuple(
        (one, PLAIN_VALUES if isinstance(one, PLAIN_FIELDS) else {type(None)}) for one in fields
    )
    return _Shape(f"INSERT INTO {quote(about.db_table)} ({columns})", kinds)


def _worked_out(
    model: type[Model], value: Expression, line: BaseDatabaseWrapper
) -> tuple[str, list[Any]]:
    query = InsertQuery(model)
    found = value.resolve_expression(query, allow_joins=False, for_save=True)
    sql, values = query.get_compiler(connection=line).compile(found)
    return sql, list(values)
