"""The contents of a database in figures, which a restored database must reproduce."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from psycopg2 import sql

from petitions.models import Contact, Photo

SCHEMA = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, character_maximum_length,
        is_nullable, is_identity, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', p.oid::regprocedure::text, '', pg_get_functiondef(p.oid)
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""
# A restored server prints constraints with other casts and parentheses.
CONSTRAINT_NOISE = re.compile(r"::(?:character varying|text)(?:\[\])?|[()]")
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True)
class PhotoChecksum:
    """Name and checksum of a photo, from its row."""

    name: str
    sha256: str


@dataclass(frozen=True)
class DatabaseSnapshot:
    """An exported snapshot and the figures of the database in it."""

    snapshot: str
    taken_at: datetime
    size: int
    tables: dict[str, int]
    schema: str
    migrations: dict[str, str]
    contact_keys: list[str]
    pictures: list[PhotoChecksum]


@contextmanager
def hold() -> Iterator[DatabaseSnapshot]:
    """Hold an exported snapshot, which pg_dump joins, and return its figures."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(
            "SELECT pg_export_snapshot(), clock_timestamp(), pg_database_size(current_database())"
        )
        snapshot, taken_at, size = cursor.fetchone()
        rows = Photo.objects.order_by("name").values_list("name", "sha256")
        yield DatabaseSnapshot(
            snapshot=snapshot,
            taken_at=taken_at,
            size=size,
            tables=counts(),
            schema=schema(),
            migrations=migrations(),
            contact_keys=contact_keys(),
            pictures=[PhotoChecksum(*row) for row in rows.iterator()],
        )


def counts() -> dict[str, int]:
    """Return the number of rows of every table."""
    row_counts = {}
    with connection.cursor() as cursor:
        for name in tables():
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            row_counts[name] = int(cursor.fetchone()[0])
    return row_counts


def tables() -> list[str]:
    """Return the names of all tables; an empty database has none."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [str(name) for (name,) in cursor.fetchall()]


def schema() -> str:
    """Return a digest of all columns, constraints, indexes, triggers and functions."""
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        rows = cursor.fetchall()
    lines = sorted(CONSTRAINT_NOISE.sub("", "\t".join(str(part) for part in row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def migrations() -> dict[str, str]:
    """Return the newest migration of each app."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app")
        return dict(cursor.fetchall())


def contact_keys() -> list[str]:
    """Return the ids of the keys that contacts are encrypted with."""
    key_ids = Contact.objects.order_by("key_id").values_list("key_id", flat=True)
    return list(key_ids.distinct())
