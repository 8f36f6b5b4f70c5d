"""The fixture `stage` of tests in all folders; `tests/conftest.py` imports it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model, sql

from branches.models import Organisation, Responsibility
from config.lib import register_cache
from grids.models import Area, AreaCode, OfficeHours, PlaceQr
from members.models import Post, RightsRecord, SecurityEvent, User
from petitions.models import Category, PrivacyNotice, Standard
from tests.support.cast import Stage, build_cast, build_town
from tests.support.database_roles import as_owner

SNAPSHOT: tuple[type[Model], ...] = (
    *(Area, AreaCode, PlaceQr, OfficeHours, Organisation, Responsibility),
    *(User, Post, RightsRecord, SecurityEvent, Category, Standard, PrivacyNotice),
)


def insert_script() -> str:
    """Return SQL that inserts every row of the stage again, with the same ids.

    The statements are collected instead of executed. Executing their text is much less work for
    each test than building the rows by models.
    """
    statements: list[str] = []
    saved = [(model, list(model._default_manager.all())) for model in SNAPSHOT]

    def collect(_execute: object, text: str, values: object, _many: bool, context: Any) -> None:
        statements.append(context["cursor"].mogrify(text, values).decode())

    with connection.execute_wrapper(collect):
        for model, instances in saved:
            insert = sql.InsertQuery(model)
            insert.insert_values(model._meta.concrete_fields, instances)
            insert.get_compiler(connection=connection).execute_sql()
    return ";".join([*statements, *_sequence_statements(saved)])


def _sequence_statements(saved: list[tuple[type[Model], list[Model]]]) -> Iterator[str]:
    """Set the id sequences behind the rows, which may come from another database."""
    for model, instances in saved:
        last = max((int(row.pk) for row in instances), default=0)
        sequence = f"{model._meta.db_table}_id_seq"
        yield f"SELECT setval('{sequence}', greatest(last_value, {last})) FROM {sequence}"


def rebuild(script: str) -> None:
    """Insert the rows of a stage again.

    Only the owner may choose the ids of append-only rows.
    """
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(script)
    register_cache.forget_version()


_built: list[tuple[bytes, str]] = []


@pytest.fixture
def stage(db: None) -> Stage:
    """The town with its people, rolled back after the test; built by the workflow only once."""
    if not _built:
        town = build_town()
        made = Stage(town, build_cast(town))
        _built.append((pickle.dumps(made), insert_script()))
        return made
    made, script = pickle.loads(_built[0][0]), _built[0][1]
    rebuild(script)
    return made
