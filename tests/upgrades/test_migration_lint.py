"""Every migration since the first release passes the lint for tables in use."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.lib.db.safe_migrate import (
    AddIndexConcurrentlyWithRetry,
    AddUniqueConstraintConcurrentlyWithRetry,
)
from tests.upgrades import migration_lint, migration_path
from tests.upgrades.migration_lint import Fault

# Accepted faults by "app.name", each with its reason.
EXCUSED: dict[str, str] = {
    "branches.0005_seasons_apart": (
        "an exclusion constraint cannot be added NOT VALID; the table has few seasonal rows"
    ),
    "members.0013_user_names_unique_when_folded": "a few thousand users: built in milliseconds",
    "grids.0007_office_hours_apart": "a register of a few rows, which only the admin writes",
}

EVENT = "petitions_event"


@pytest.mark.django_db(transaction=True)  # concurrent index builds need no transaction
def test_no_migration_blocks_a_table_in_use() -> None:
    loader = MigrationLoader(connection)
    faults_by_migration = {
        f"{migration.app_label}.{migration.name}": migration_lint.faults(
            "\n".join(loader.collect_sql([(migration, False)]))
        )
        for migration in migration_path.later(loader)
    }
    assert {
        name: faults
        for name, faults in faults_by_migration.items()
        if faults and name not in EXCUSED
    } == {}
    assert EXCUSED.keys() <= {name for name, faults in faults_by_migration.items() if faults}


def test_non_atomic_migration_has_one_operation() -> None:
    loader = MigrationLoader(None)
    for migration in migration_path.later(loader):
        has_index = any(
            isinstance(
                step, AddIndexConcurrentlyWithRetry | AddUniqueConstraintConcurrentlyWithRetry
            )
            for step in migration.operations
        )
        assert migration.atomic is not has_index, migration.name
        assert migration.atomic or len(migration.operations) == 1, migration.name


def test_the_first_release_is_known() -> None:
    loader = MigrationLoader(None)
    assert all(key in loader.disk_migrations for key in migration_path.BASELINE.items())
    assert ("petitions", "0006_tried_again_later") in {
        (migration.app_label, migration.name) for migration in migration_path.later(loader)
    }


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f'CREATE INDEX "x" ON "{EVENT}" ("at");', migration_lint.INDEX),
        (f'CREATE UNIQUE INDEX x ON {EVENT} USING btree ("at") WHERE true;', migration_lint.INDEX),
        (f'ALTER TABLE "{EVENT}" ADD CONSTRAINT "c" CHECK ("id" > 0);', migration_lint.SCANS),
        (f'ALTER TABLE "{EVENT}" ADD CONSTRAINT "c" UNIQUE ("id");', migration_lint.SCANS),
        (f'ALTER TABLE "{EVENT}" ALTER COLUMN "verb" SET NOT NULL;', migration_lint.SCANS),
        (
            f'ALTER TABLE "{EVENT}" ALTER COLUMN "id" TYPE text USING "id"::text;',
            migration_lint.REWRITES,
        ),
        (
            f'ALTER TABLE "{EVENT}" ADD COLUMN "x" uuid DEFAULT (gen_random_uuid()) NOT NULL;',
            migration_lint.REWRITES,
        ),
        (f'ALTER TABLE "{EVENT}" ADD COLUMN "x" integer NOT NULL;', migration_lint.UNKNOWN),
        (f'ALTER TABLE "{EVENT}" ALTER COLUMN "x" DROP DEFAULT;', migration_lint.UNKNOWN),
        (f'ALTER TABLE "{EVENT}" DROP COLUMN "at" CASCADE;', migration_lint.REMOVED),
        (f'ALTER TABLE "{EVENT}" RENAME COLUMN "at" TO "on";', migration_lint.REMOVED),
        (f'DROP TABLE "{EVENT}" CASCADE;', migration_lint.REMOVED),
        (f"LOCK TABLE {EVENT} IN ACCESS EXCLUSIVE MODE;", migration_lint.LOCKS),
    ],
)
def test_blocking_statement_is_reported(sql: str, reason: str) -> None:
    assert migration_lint.faults(f"BEGIN;\n-- a comment\n{sql}\nCOMMIT;") == [Fault(EVENT, reason)]


@pytest.mark.parametrize(
    "sql",
    [
        f'ALTER TABLE "{EVENT}" ADD COLUMN "x" integer NULL;',
        f'ALTER TABLE "{EVENT}" ADD COLUMN "x" integer DEFAULT 0 NOT NULL CHECK ("x" >= 0);',
        f'CREATE INDEX CONCURRENTLY "x" ON "{EVENT}" ("at");',
        f'ALTER TABLE "{EVENT}" ADD CONSTRAINT "c" CHECK ("id" > 0) NOT VALID;',
        f'ALTER TABLE "{EVENT}" VALIDATE CONSTRAINT "c";',
        """CREATE TABLE "new" ("id" bigint NOT NULL); CREATE INDEX "x" ON "new" ("id");
        ALTER TABLE "new" ADD CONSTRAINT "c" UNIQUE ("id");""",
        f'-- CREATE INDEX "x" ON "{EVENT}" ("at");',
    ],
)
def test_good_manners_are_not_scolded(sql: str) -> None:
    assert migration_lint.faults(sql) == []


def test_a_table_of_its_own_excuses_no_other() -> None:
    sql = f'CREATE TABLE "new" ("id" bigint);\nCREATE INDEX "x" ON "{EVENT}" ("at");'
    assert migration_lint.faults(sql) == [Fault(EVENT, migration_lint.INDEX)]
