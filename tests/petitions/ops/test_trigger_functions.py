"""Temporary tables cannot stand in for the tables that the guards of the database read."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from config.local.embedded import postgres
from petitions.enums import Status
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.database_roles import as_owner

FUNCTIONS = """
    SELECT p.proname, p.proconfig FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""

# The case is closed without an event: an invented one is in a table of the caller's own.
SHADOW_EVENT = """
    CREATE TEMP TABLE petitions_event ON COMMIT DROP AS
        SELECT * FROM public.petitions_event LIMIT 0;
    INSERT INTO petitions_event (id, petition_id, version, to_status, organisation_id,
        supervisor_id, level)
        SELECT 0, id, version + 1, 'withdrawn', organisation_id, supervisor_id, level
        FROM petitions_petition WHERE id = %(case)s;
    UPDATE petitions_petition SET status = 'withdrawn', version = version + 1
        WHERE id = %(case)s;"""

# The role appears to own the table, so that a row needs no signature.
SHADOW_OWNER = """
    CREATE TEMP TABLE pg_class (oid oid, relowner oid) ON COMMIT DROP;
    INSERT INTO pg_class SELECT 'members_securityevent'::regclass, current_user::regrole;
    SET LOCAL search_path = pg_temp, public, pg_catalog;
    INSERT INTO members_securityevent (at, action, user_name, acting_as, message, detail, times)
        VALUES (now(), 'printed', '', '', '', '{}', 1);"""

ATTACKS = {
    "event": (SHADOW_EVENT, "without its event"),
    "owner": (SHADOW_OWNER, "must be signed"),
}


@pytest.fixture
def temporary_tables(db: None) -> None:
    """Let the application create temporary tables, as where the owner does not own the database."""
    name = connection.settings_dict["NAME"]
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f'GRANT TEMPORARY ON DATABASE "{name}" TO {postgres.APPLICATION_ROLE}')


def _attack(sql: str, case: Petition) -> str:
    """Run SQL up to the commit point as the application's role; return the refusal."""
    with pytest.raises(DatabaseError) as refusal:
        _run(sql, {"case": case.pk} if "%(case)s" in sql else None)
    return str(refusal.value)


def _run(sql: str, values: dict[str, int] | None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # checks what the stage has written
        cursor.execute(sql, values)


def test_every_trigger_function_has_a_search_path(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        functions = dict(cursor.fetchall())
    assert len(functions) >= 11
    expected = ["search_path=pg_catalog, public, pg_temp"]
    assert {name for name, settings in functions.items() if settings != expected} == set()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_application_creates_no_temporary_table(stage: Stage, name: str) -> None:
    refusal = _attack(ATTACKS[name][0], stage.at(Status.IN_PROGRESS))
    assert "permission denied to create temporary tables" in refusal


@pytest.mark.parametrize("name", ATTACKS)
def test_a_temporary_table_opens_no_guard(stage: Stage, temporary_tables: None, name: str) -> None:
    sql, expected = ATTACKS[name]
    assert expected in _attack(sql, stage.at(Status.IN_PROGRESS))
