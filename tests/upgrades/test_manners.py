"""Every migration since the first release leaves the tables to those who work with them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.lib.migrating import AddIndexMeanwhile
from tests.upgrades import manners, road
from tests.upgrades.manners import Fault

# Exceptions, by "app.name", each with its reason. Nothing else is excused.
EXCUSED: dict[str, str] = {}

EVENT = "petitions_event"


@pytest.mark.django_db(transaction=True)  # an index built meanwhile refuses one around it
def test_no_migration_takes_a_table_from_those_who_use_it() -> None:
    loader = MigrationLoader(connection)
    found = {
        f"{one.app_label}.{one.name}": manners.faults("\n".join(loader.collect_sql([(one, False)])))
        for one in road.later(loader)
    }
    assert {name: bad for name, bad in found.items() if bad and name not in EXCUSED} == {}
    assert EXCUSED.keys() <= {name for name, bad in found.items() if bad}


def test_one_that_can_be_interrupted_has_one_operation() -> None:
    loader = MigrationLoader(None)
    for one in road.later(loader):
        has_index = any(isinstance(step, AddIndexMeanwhile) for step in one.operations)
        assert one.atomic is not has_index, one.name
        assert one.atomic or len(one.operations) == 1, one.name


def test_the_first_release_is_known() -> None:
    loader = MigrationLoader(None)
    assert all(key in loader.disk_migrations for key in road.BASELINE.items())
    assert ("petitions", "0006_tried_again_later") in {
        (one.app_label, one.name) for one in road.later(loader)
    }


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (f'CREATE INDEX "x" ON "{EVENT}" ("at");', manners.INDEX),
        (f'CREATE UNIQUE INDEX x ON {EVENT} USING btree ("at") WHERE true;', manners.INDEX),
        (f'ALTER TABLE "{EVENT}" ADD CONSTRAINT "c" CHECK ("id" > 0);', manners.SCANS),
        (f'ALTER TABLE "{EVENT}" ADD CONSTRAINT "c" UNIQUE ("id");', manners.SCANS),
        (f'ALTER TABLE "{EVENT}" ALTER COLUMN "verb" SET NOT NULL;', manners.SCANS),
        (f'ALTER TABLE "{EVENT}" ALTER COLUMN "id" TYPE text USING "id"::text;', manners.REWRITES),
        (
            f'ALTER TABLE "{EVENT}" ADD COLUMN "x" uuid DEFAULT (gen_random_uuid()) NOT NULL;',
            manners.REWRITES,
        ),
        (f'ALTER TABLE "{EVENT}" ADD COLUMN "x" integer NOT NULL;', manners.UNKNOWN),
        (f'ALTER TABLE "{EVENT}" ALTER COLUMN "x" DROP DEFAULT;', manners.UNKNOWN),
        (f'ALTER TABLE "{EVENT}" DROP COLUMN "at" CASCADE;', manners.GONE),
        (f'ALTER TABLE "{EVENT}" RENAME COLUMN "at" TO "on";', manners.GONE),
        (f'DROP TABLE "{EVENT}" CASCADE;', manners.GONE),
        (f"LOCK TABLE {EVENT} IN ACCESS EXCLUSIVE MODE;", manners.LOCKS),
    ],
)
def test_bad_manners_are_seen(sql: str, why: str) -> None:
    assert manners.faults(f"BEGIN;\n-- a comment\n{sql}\nCOMMIT;") == [Fault(EVENT, why)]


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
    assert manners.faults(sql) == []


def test_a_table_of_its_own_excuses_no_other() -> None:
    sql = f'CREATE TABLE "new" ("id" bigint);\nCREATE INDEX "x" ON "{EVENT}" ("at");'
    assert manners.faults(sql) == [Fault(EVENT, manners.INDEX)]
