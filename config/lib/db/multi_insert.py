"""Insert rows of several tables in one round trip.

Bar: filing by API with eight clients at least 3 times django-helpdesk's. Delete this module when
psycopg 3 is used: its pipeline mode sends several `save()` calls in one round trip.
"""

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

# Plain values of these fields need no conversion for the database.
PLAIN_FIELDS = (BooleanField, CharField, ForeignKey, IntegerField, TextField)
PLAIN_VALUES = {bool, int, str, type(None)}


def multi_insert(*rows: Model) -> int:
    """Insert rows in this order in one round trip; return the id of the last.

    A row that others refer to must have its id already (`tree_paths.draw_ids`); for the others the
    database assigns one, which only the last row gets to know.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    statements, parameters = [], []
    for row in rows:
        sql, values = _statement(row, connection)
        statements.append(sql)
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements) + " RETURNING id", parameters)
        (last_id,) = cursor.fetchone()
    rows[-1].pk = last_id
    for row in rows:
        row._state.adding = False  # as Model.save() does
        row._state.db = connection.alias
    return int(last_id)


@dataclass(frozen=True, slots=True)
class _InsertTemplate:
    """The start of the INSERT statement of a table, and its fields with their plain types."""

    prefix: str
    fields: tuple[tuple[Field[Any, Any], set[type]], ...]


def _statement(row: Model, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    template = _template(type(row), has_id=row.pk is not None)
    slots, values = [], []
    for field, plain in template.fields:
        value = getattr(row, field.attname)
        if type(value) in plain:
            slots.append("%s")
            values.append(value)
        elif isinstance(value, Expression):
            slot, expression_values = _compiled(type(row), value, connection)
            slots.append(slot)
            values += expression_values
        else:
            slots.append("%s")
            values.append(field.get_db_prep_save(value, connection))
    return f"{template.prefix} VALUES ({', '.join(slots)})", values


@cache
def _template(model: type[Model], *, has_id: bool) -> _InsertTemplate:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    options = model._meta
    fields = tuple(
        field for field in options.local_concrete_fields if has_id or not field.primary_key
    )
    columns = ", ".join(quote(str(field.column)) for field in fields)
    plain_types = tuple(
        (field, PLAIN_VALUES if isinstance(field, PLAIN_FIELDS) else {type(None)})
        for field in fields
    )
    return _InsertTemplate(f"INSERT INTO {quote(options.db_table)} ({columns})", plain_types)


def _compiled(
    model: type[Model], value: Expression, connection: BaseDatabaseWrapper
) -> tuple[str, list[Any]]:
    query = InsertQuery(model)
    expression = value.resolve_expression(query, allow_joins=False, for_save=True)
    sql, values = query.get_compiler(connection=connection).compile(expression)
    return sql, list(values)
