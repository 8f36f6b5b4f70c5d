"""Materialised paths of trees, and ids taken before a row is written."""

from __future__ import annotations

from typing import TypedDict

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import BigIntegerField, CharField, Func, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, LPad

WIDTH = 8


class Crumb(TypedDict):
    """An element of a breadcrumb trail; the last one has no URL."""

    label: str
    url: str


def path_of(parent_path: str, pk: int) -> str:
    """Return the path of row `pk` under `parent_path`: eight digits and a dot for each ancestor."""
    return f"{parent_path}{pk:0{WIDTH}d}."


def link(pk: Combinable) -> Concat:
    """Return the part of a path that stands for the row with an id, as an expression."""
    return Concat(LPad(Cast(pk, CharField()), WIDTH, Value("0")), Value("."))


def ids(path: Combinable) -> Cast:
    """Return the ids on a path, from the root down to the row itself, as an expression."""
    links = Func(Func(path, Value("."), function="RTRIM"), Value("."), function="STRING_TO_ARRAY")
    return Cast(links, ArrayField(BigIntegerField()))


def ids_of(path: str) -> list[int]:
    """Return the ids on a path, from the root down to the row itself."""
    return [int(part) for part in path.split(".") if part]


def draw_ids(model: type[models.Model], count: int) -> list[int]:
    """Take `count` ids from the table's sequence, because a path contains the id of its row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]
