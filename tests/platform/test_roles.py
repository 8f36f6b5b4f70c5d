"""The two database roles: the rights of the application, and what happens with one role only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, not a constant

from config.lib.db import roles
from config.local import paths
from config.local.embedded import postgres
from tests.support.database_roles import as_owner

AT = paths.find(Path(os.environ["VAR_DIR"]))
APPEND_ONLY = {
    *("petitions_event", "members_securityevent"),
    *("members_chainblock", "members_rightsrecord"),
}


@pytest.fixture
def application(db: None) -> Iterator[Connection]:
    """A connection of the application's own log-in, as web and workers have it."""
    own = psycopg2.connect(
        host=str(AT.sockets),
        port=5432,
        user=postgres.APPLICATION_ROLE,
        dbname=connection.settings_dict["NAME"],
    )
    own.autocommit = True
    yield own
    own.close()


def _fails(own: Connection, sql: str) -> str:
    with own.cursor() as cursor, pytest.raises(psycopg2.Error) as refusal:
        cursor.execute(sql)
    return str(refusal.value)


def test_the_tests_act_as_the_application(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == (postgres.APPLICATION_ROLE, postgres.ROLE)


def test_the_append_only_tables_are_known() -> None:
    assert set(roles.append_only_tables()) == APPEND_ONLY


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_append_only_by_rights(application: Connection, table: str) -> None:
    for sql in (
        f"UPDATE {table} SET id = id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"INSERT INTO {table} (id) VALUES (1)",
        f"SELECT setval('{table}_id_seq', 1)",
    ):
        assert "permission denied" in _fails(application, sql), sql
    for sql in (
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
        f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"CREATE INDEX ON {table} (id)",
    ):
        assert "must be owner" in _fails(application, sql), sql


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_append_only_by_triggers_against_truncate(db: None, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgtype & 32 > 0"
            " AND tgtype & 1 = 0 AND tgenabled = 'O' AND NOT tgisinternal",
            [table],
        )
        assert cursor.fetchone() == (1,)


def test_the_application_truncates_nothing_and_changes_no_table(application: Connection) -> None:
    with application.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
            " AND (has_table_privilege(oid, 'TRUNCATE') OR has_table_privilege(oid, 'TRIGGER')"
            " OR has_table_privilege(oid, 'REFERENCES') OR pg_has_role(relowner, 'MEMBER'))"
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        assert cursor.fetchone() == (False,)


def test_reference_tables_are_for_reading(application: Connection) -> None:
    for table in ("petitions_step", "django_migrations"):
        for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
            assert "permission denied" in _fails(application, sql), sql


def test_granting_again_changes_nothing(db: None) -> None:
    with as_owner():
        assert roles.grant_to_application(connection) == []


def test_a_right_that_was_given_by_hand_is_taken_back(db: None) -> None:
    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute(f"GRANT UPDATE ON petitions_event TO {postgres.APPLICATION_ROLE}")
            cursor.execute(f"REVOKE ALL ON petitions_note FROM {postgres.APPLICATION_ROLE}")
        assert roles.grant_to_application(connection) == ["petitions_event", "petitions_note"]


def test_a_role_that_is_missing_is_made_only_by_those_who_may(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "APPLICATION_ROLE", ("nobody_knows", "secret"))
    with as_owner(), pytest.raises(CommandError, match="CREATE ROLE") as refusal:
        roles.grant_to_application(connection)
    assert "secret" not in str(refusal.value)


def test_the_check_names_what_the_role_could_alter(db: None) -> None:
    assert roles.check_roles() == []
    with as_owner():
        (warning,) = roles.check_roles()
    assert warning.id == "zhaozhibu.W001"
    assert all(table in warning.msg for table in APPEND_ONLY)


def test_without_a_database_the_check_only_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> list[str]:
        raise roles.OperationalError

    monkeypatch.setattr(roles, "alterable_tables", fail)
    assert [message.id for message in roles.check_roles()] == ["zhaozhibu.I001"]


# --- Real log-ins, in a database of their own ---------------------------------------------------

NAME = "roles_of_a_test"


@pytest.fixture
def scratch() -> Iterator[str]:
    """An empty database of the owner; yields the part of its URL behind the role."""
    superuser = postgres.connect(AT)
    with superuser.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {NAME} OWNER {postgres.ROLE}")
        yield f"@/{NAME}?host={AT.sockets}&port=5432"
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    superuser.close()


def _manage(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PRODUCTION": "no",
        "STATEMENT_TIMEOUT_MS": "0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=paths.ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_two_roles_migrate_and_work_and_one_role_still_does(scratch: str, db: None) -> None:
    owner = f"postgres://{postgres.ROLE}{scratch}"
    application = f"postgres://{postgres.APPLICATION_ROLE}{scratch}"
    one = {"DATABASE_URL": owner, "OWNER_DATABASE_URL": ""}
    two = {"DATABASE_URL": application, "OWNER_DATABASE_URL": owner}
    old = _manage("migrate", "-v0", **one)  # an installation of an earlier release
    assert old.returncode == 0, old.stderr
    assert "zhaozhibu.W001" in _manage("check", "--deploy", **one).stderr
    denied = _manage("check_integrity", "--without-photos", DATABASE_URL=application)
    assert "permission denied" in denied.stderr  # the role has no rights yet
    migrated = _manage("migrate", **two)
    assert "Rights of the application set" in migrated.stdout, migrated.stderr
    assert "zhaozhibu.W001" not in _manage("check", "--deploy", **two).stderr
    for command in (["migrate"], ["clear_sample"]):
        refused = _manage(*command, DATABASE_URL=application, OWNER_DATABASE_URL="")
        assert refused.returncode == 1
        assert refused.stderr.startswith("CommandError: The role 'zhaozhibu_app' of DATABASE_URL")
    for variables in (two, {"DATABASE_URL": application}, one):
        done = _manage("check_integrity", "--without-photos", **variables)
        assert done.returncode == 0, done.stdout + done.stderr
