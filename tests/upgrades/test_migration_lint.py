"""Every migration since the first release leaves the tables to those who work with them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry
from tests.upgrades import migration_lint, migration_path
from tests.upgrades.migration_lint import Fault

# Exceptions, by "app.name", each with its reason. Nothing else is excused.
EXCUSED: dict[str, str] = {}

EVENT = "petitions_event"


@pytest.mark.django_db(transaction=True)  # an index built meanwhile refuses one around it
def test_no_migration_takes_a_table_from_those_who_use_it() -> None:
    loader = MigrationLoader(connection)
    found = {
        f"{one.app_label}.{one.name}": migration_lint.faults(
            "\n".join(loader.collect_sql([(one, False)]))
        )
        for one in migration_path.later(loader)
    }
    assert {name: bad for name, bad in found.items() if bad and name not in EXCUSED} == {}
    assert EXCUSED.keys() <= {name for name, bad in found.items() if bad}


def test_one_that_can_be_interrupted_has_one_operation() -> None:
    loader = MigrationLoader(None)
    for one in migration_path.later(loader):
        has_index = any(isinstance(step, AddIndexConcurrentlyWithRetry) for step in one.operations)
        assert one.atomic is not has_index, one.name
        assert one.atomic or len(one.operations) == 1, one.name


def test_the_first_release_is_known() -> None:
    loader = MigrationLoader(None)
    assert all(key in loader.disk_migrations for key in migration_path.BASELINE.items())
    assert ("petitions", "0006_tried_again_later") in {
        (one.app_label, one.name) for one in migration_path.later(loader)
    }


@pytest.mark.parametrize(
    ("sql", "why"),
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
        (f'ALTER TABLE "{EVENT}" DROP COLUMN "at" CASCADE;', migration_lint.GONE),
        (f'ALTER TABLE "{EVENT}" RENAME COLUMN "at" TO "on";', migration_lint.GONE),
        (f'DROP TABLE "{EVENT}" CASCADE;', migration_lint.GONE),
        (f"LOCK TABLE {EVENT} IN ACCESS EXCLUSIVE MODE;", migration_lint.LOCKS),
    ],
)
def test_bad_manners_are_seen(sql: str, why: str) -> None:
    assert migration_lint.faults(f"BEGIN;\n-- a comment\n{sql}\nCOMMIT;") == [Fault(EVENT, why)]


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
