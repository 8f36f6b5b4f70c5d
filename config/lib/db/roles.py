"""The two database roles: the owner migrates, the application reads and writes rows.

The application has no right to update, delete or truncate append-only tables, to choose the id of
their rows, to change any table, or to create temporary tables, which could stand in for others.
Without `OWNER_DATABASE_URL` there is one role for everything, as in earlier releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from config.lib.db.append_only import AppendOnlyModel, OwnerWrittenModel

NOT_CHECKED = "The database does not answer, so the rights of its role were not checked."
ONE_ROLE = "The role of DATABASE_URL can alter append-only tables: {tables}."
TWO_ROLES = (
    "Let DATABASE_URL name a role of its own and OWNER_DATABASE_URL the owner of the tables, then "
    "run `manage.py migrate`; see docs/audit-trail.md."
)

ROW_RIGHTS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
READ = frozenset({"SELECT"})
MIGRATIONS_TABLE = "django_migrations"
NOT_THE_OWNER = (
    "The role {role!r} of DATABASE_URL does not own the tables. Set OWNER_DATABASE_URL to the "
    "connection of the role that does, for this command only; see docs/audit-trail.md."
)

_OWNS_TABLES_SQL = """
SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass(%s)"""

_TABLES_SQL = """
SELECT t.relname,
    ARRAY(SELECT privilege_type::text FROM aclexplode(t.relacl) WHERE grantee = r.oid),
    ARRAY(SELECT a.attname::text FROM pg_attribute a, aclexplode(a.attacl) acl
        WHERE a.attrelid = t.oid AND acl.grantee = r.oid AND acl.privilege_type = 'INSERT'),
    ARRAY(SELECT attname::text FROM pg_attribute
        WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'id')
FROM pg_class t CROSS JOIN pg_roles r
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND r.rolname = %s
ORDER BY t.relname"""

_SEQUENCES_SQL = """
SELECT s.relname FROM pg_class s CROSS JOIN pg_roles r
WHERE s.relnamespace = 'public'::regnamespace AND s.relkind = 'S' AND r.rolname = %s
    AND NOT EXISTS (SELECT 1 FROM aclexplode(s.relacl) WHERE grantee = r.oid)"""

_TEMP_RIGHT_SQL = """
SELECT d.datname FROM pg_database d WHERE d.datname = current_database()
    AND pg_has_role(d.datdba, 'USAGE')
    AND EXISTS (
        SELECT 1 FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
        WHERE acl.privilege_type = 'TEMPORARY' AND acl.grantee IN (0, to_regrole(%s)))"""

_LACKING_SQL = """
SELECT relname FROM pg_class WHERE oid = ANY(ARRAY(SELECT to_regclass(unnest(%s))))
    AND (has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE')
        OR has_table_privilege(oid, 'TRUNCATE') OR pg_has_role(relowner, 'MEMBER'))
ORDER BY relname"""


@dataclass(frozen=True, slots=True)
class TableRights:
    """The rights of the application on one table; `insert_columns` if not on all columns."""

    table_rights: frozenset[str]
    insert_columns: frozenset[str] = frozenset()


def application_role() -> str | None:
    """Return the application's role, None where one role owns and uses the tables."""
    owner, (name, _password) = settings.OWNER_DATABASE, settings.APPLICATION_ROLE
    return str(name) if owner is not None and owner["USER"] != name else None


@contextmanager
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Connect as the owner of the tables inside, outside any transaction.

    Nothing changes where there is one role; raises CommandError if that role is not the owner.
    """
    owner = settings.OWNER_DATABASE
    before = {name: connection.settings_dict[name] for name in owner or {}}
    if owner is None or before == owner:
        _require_owner(connection)
        yield
        return
    if connection.in_atomic_block:
        raise CommandError("The role cannot be changed inside a transaction.")
    connection.close()
    connection.settings_dict.update(owner)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def _require_owner(connection: BaseDatabaseWrapper) -> None:
    """Raise CommandError if there are tables that the current role does not own."""
    with connection.cursor() as cursor:
        cursor.execute(_OWNS_TABLES_SQL, [MIGRATIONS_TABLE])
        row = cursor.fetchone()
    if row is not None and not row[0]:
        raise CommandError(NOT_THE_OWNER.format(role=connection.settings_dict["USER"]))


def grant_to_application(connection: BaseDatabaseWrapper) -> list[str]:
    """Give the application its rights on all tables, as the owner; return the tables changed.

    The role is created if the owner may do that. The right to create temporary tables is taken back
    if the owner of the tables owns the database. Without a second role nothing happens.
    """
    role = application_role()
    if role is None:
        return []
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _create_role(connection, cursor, role)
        cursor.execute(_TABLES_SQL, [role])
        changed = []
        for table, rights, insert_columns, columns in cursor.fetchall():
            wanted = _wanted_rights(table, columns)
            if TableRights(frozenset(rights), frozenset(insert_columns)) != wanted:
                _grant(cursor, role, table, wanted)
                changed.append(table)
        cursor.execute(_SEQUENCES_SQL, [role])
        for (sequence,) in cursor.fetchall():
            _execute(cursor, "GRANT USAGE, SELECT ON SEQUENCE {} TO {}", sequence, role)
        _forbid_temporary_tables(cursor, role)
    return changed


def append_only_tables() -> list[str]:
    """Return the names of the append-only tables."""
    return _tables_of(AppendOnlyModel)


def alterable_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the append-only tables that the current role could alter; empty is right."""
    with connection.cursor() as cursor:
        cursor.execute(_LACKING_SQL, [append_only_tables()])
        return [str(name) for (name,) in cursor.fetchall()]


def check_roles(**_options: object) -> list[CheckMessage]:
    """Deployment check: the application's role must not be able to alter append-only tables."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        tables = alterable_tables(connection)
    except OperationalError:
        return [checks.Info(NOT_CHECKED, id="zhaozhibu.I001")]
    if not tables:
        return []
    return [
        checks.Warning(
            ONE_ROLE.format(tables=", ".join(tables)), hint=TWO_ROLES, id="zhaozhibu.W001"
        )
    ]


def _wanted_rights(table: str, columns: Iterable[str]) -> TableRights:
    if table in append_only_tables():
        return TableRights(READ, frozenset(columns))
    if table in {MIGRATIONS_TABLE, *_tables_of(OwnerWrittenModel)}:
        return TableRights(READ)
    return TableRights(ROW_RIGHTS)


def _tables_of(base: type) -> list[str]:
    return [model._meta.db_table for model in apps.get_models() if issubclass(model, base)]


def _grant(cursor: CursorWrapper, role: str, table: str, wanted: TableRights) -> None:
    _execute(cursor, "REVOKE ALL ON {} FROM {}", table, role)
    rights = ", ".join(sorted(wanted.table_rights))
    _execute(cursor, f"GRANT {rights} ON {{}} TO {{}}", table, role)
    if wanted.insert_columns:
        columns = sql.SQL(", ").join(map(sql.Identifier, sorted(wanted.insert_columns)))
        statement = sql.SQL("GRANT INSERT ({}) ON {} TO {}")
        cursor.execute(statement.format(columns, sql.Identifier(table), sql.Identifier(role)))


def _execute(cursor: CursorWrapper, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _forbid_temporary_tables(cursor: CursorWrapper, role: str) -> None:
    """Take the right to create temporary tables from everybody but the owner of the database."""
    cursor.execute(_TEMP_RIGHT_SQL, [f'"{role}"'])
    for (database,) in cursor.fetchall():
        _execute(cursor, "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}", database, role)


def _create_role(connection: BaseDatabaseWrapper, cursor: CursorWrapper, role: str) -> None:
    """Create the application's role with the password of `DATABASE_URL`, unless it exists."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone():
        return
    cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        raise CommandError(
            f"The database has no role {role!r}, which DATABASE_URL names, and the owner may not "
            f'create one. As an administrator of the server: CREATE ROLE "{role}" LOGIN PASSWORD …'
        )
    password = str(settings.APPLICATION_ROLE[1])
    statement = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role))
    if password:  # encrypted here: the server may log statements
        verifier = encrypt_password(
            password, role, scope=connection.connection, algorithm="scram-sha-256"
        )
        statement += sql.SQL(" PASSWORD {}").format(sql.Literal(verifier))
    cursor.execute(statement)
