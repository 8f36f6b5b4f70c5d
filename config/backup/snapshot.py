"""What a database holds, in figures that a restored one must repeat."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from petitions.models import Contact, Photo

SHAPE = """
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
# The server words a constraint anew when it is read back in: casts and brackets come and go.
WORDING = re.compile(r"::(?:character varying|text)(?:\[\])?|[()]")
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True)
class DatabaseSnapshot:
    """A photo as its row describes it."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Seen:
    """What one snapshot of the database holds."""

    snapshot: str
    taken_at: datetime
    size: int
    tables: dict[str, int]
    schema: str
    migrations: dict[str, str]
    contact_keys: list[str]
    pictures: list[DatabaseSnapshot]


@contextmanager
def held() -> Iterator[Seen]:
    """Hold a snapshot that other programs may join, and say what it holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(
            "SELECT pg_export_snapshot(), clock_timestamp(), pg_database_size(current_database())"
        )
        snapshot, taken_at, size = cursor.fetchone()
        rows = Photo.objects.order_by("name").values_list("name", "sha256")
        yield Seen(
            snapshot=snapshot,
            taken_at=taken_at,
            size=size,
            tables=counts(),
            schema=schema(),
            migrations=migrations(),
            contact_keys=contact_keys(),
            pictures=[DatabaseSnapshot(*row) for row in rows.iterator()],
        )


def counts() -> dict[str, int]:
    """Return how many rows every table has."""
    found = {}
    with connection.cursor() as cursor:
        for name in tables():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608 - a table's name
            found[name] = int(cursor.fetchone()[0])
    return found


def tables() -> list[str]:
    """Return the names of all tables; an empty database has none."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [str(name) for (name,) in cursor.fetchall()]


def schema() -> str:
    """Return a digest of all columns, constraints, indexes, triggers and functions."""
    with connection.cursor() as cursor:
        cursor.execute(SHAPE)
        rows = cursor.fetchall()
    lines = sorted(WORDING.sub("", "\t".join(str(part) for part in row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def migrations() -> dict[str, str]:
    """Return the newest migration of each app."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app")
        return dict(cursor.fetchall())


def contact_keys() -> list[str]:
    """Return the ids of the keys that contacts are sealed with."""
    found = Contact.objects.order_by("key_id").values_list("key_id", flat=True)
    return list(found.distinct())
