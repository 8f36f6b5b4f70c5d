"""Migrations with lock timeout and retries; old code works with the new schema."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.core.management.base import CommandError
from django.db import OperationalError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from pytest_django import DjangoDbBlocker

from config.lib.db import safe_migrate
from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry, migrate_with_retries
from tests.support import database_roles
from tests.support.cast import Stage, build_cast, build_town
from tests.upgrades import migration_path

ADD = "ALTER TABLE petitions_event ADD COLUMN planted integer"
LOOK = "SELECT count(*) FROM petitions_event"
LONG, SHORT = "8s", "1s"  # a query that takes longer is blocked by the migration


@pytest.fixture(scope="module")
def db(django_db_setup: None) -> None:
    """The test database, to be copied; nothing of it is changed here."""


@pytest.fixture(scope="module")
def filled(db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A copy of the test database with a few cases in it; the tests act as its owner."""
    name = f"upgrade_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        database_roles.connected_as_owner(),
        migration_path.copied(name, of=connection.settings_dict["NAME"]),
    ):
        town = build_town()
        stage = Stage(town, build_cast(town))
        for _number in range(3):
            stage.file()
        yield


@pytest.fixture
def open_reader(filled: None) -> Iterator[Any]:
    """An open transaction that has read the events."""
    reader = migration_path.session()
    reader.autocommit = False
    with reader.cursor() as cursor:
        cursor.execute(LOOK)
    yield reader
    reader.close()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE petitions_event DROP COLUMN IF EXISTS planted")


def add_column() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ADD)


def passes(within: str) -> bool:
    """Return whether a query of the events finishes within a timeout."""
    other_connection = migration_path.session()
    try:
        with other_connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{within}'")
            cursor.execute("SET lock_timeout = 0")
            cursor.execute(LOOK)
            return True
    except psycopg2.errors.QueryCanceled:
        return False
    finally:
        other_connection.close()


def start_thread(step: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            step()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waiting(sql: str) -> bool:
    """Return whether a statement waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query = %s",
            [sql],
        )
        return bool(cursor.fetchone()[0])


def wait_until(condition: Callable[[], bool]) -> None:
    for _turn in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("the condition never held")


def test_others_pass_while_it_waits_for_an_open_reader(open_reader: Any) -> None:
    messages: list[str] = []
    thread = start_thread(lambda: migrate_with_retries(connection, add_column, messages.append))
    wait_until(lambda: waiting(ADD))
    assert passes(LONG)
    wait_until(lambda: bool(messages))
    assert passes(LONG)
    open_reader.rollback()
    thread.join()
    assert "A table is in use" in messages[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT planted FROM petitions_event LIMIT 1")


def test_without_lock_timeout_other_queries_are_blocked(open_reader: Any) -> None:
    def without_lock_timeout() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
        add_column()

    thread = start_thread(without_lock_timeout)
    wait_until(lambda: waiting(ADD))
    assert not passes(SHORT)
    open_reader.rollback()
    thread.join()


def test_it_gives_up_with_a_sentence(open_reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_migrate, "RETRY_FOR", 0)
    monkeypatch.setattr(safe_migrate, "LOCK_WAIT", "20ms")
    with pytest.raises(CommandError, match="no migration is half applied"):
        migrate_with_retries(connection, add_column, lambda _text: None)


def test_another_error_is_not_repeated(filled: None) -> None:
    tried = []

    def step() -> None:
        tried.append(1)
        raise OperationalError("the server is gone")

    with pytest.raises(OperationalError, match="gone"):
        migrate_with_retries(connection, step, lambda _text: None)
    assert tried == [1]


def test_limits_of_the_session_are_put_back(filled: None) -> None:
    def limits() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            first = cursor.fetchone()[0]
            cursor.execute("SELECT current_setting('statement_timeout')")
            return [first, cursor.fetchone()[0]]

    before, within = limits(), []
    migrate_with_retries(connection, lambda: within.extend(limits()), lambda _text: None)
    assert within == ["500ms", "0"]
    assert limits() == before != within


def test_one_migrates_at_a_time(filled: None) -> None:
    other = migration_path.session()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [safe_migrate.ADVISORY_LOCK_ID])
    messages: list[str] = []
    done = threading.Event()
    thread = start_thread(lambda: migrate_with_retries(connection, done.set, messages.append))
    wait_until(lambda: bool(messages))
    assert not done.is_set()
    other.close()
    thread.join()
    assert done.is_set()
    assert messages == ["Another process is migrating; waiting for it."]


def test_an_index_is_built_meanwhile_and_again_after_an_interruption(filled: None) -> None:
    state = ProjectState.from_apps(apps)
    index = AddIndexConcurrentlyWithRetry(
        "event", models.Index(fields=["verb"], name="planted_verb")
    )
    after = state.clone()
    index.state_forwards("petitions", after)
    with connection.cursor() as cursor:  # what an interrupted attempt may have left
        cursor.execute("CREATE INDEX planted_verb ON petitions_event (level)")
    with connection.schema_editor(atomic=False) as editor:
        index.database_forwards("petitions", editor, state, after)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'planted_verb'")
        assert "(verb)" in cursor.fetchone()[0]
    with connection.schema_editor(atomic=False) as editor:
        index.database_backwards("petitions", editor, after, state)
    connection.close()  # the next session begins with the limits of the settings


@pytest.mark.slow
def test_the_code_before_each_migration_works_beside_it(filled: None) -> None:
    migration_path.revert_to_first_release()
    loader = MigrationLoader(connection)
    done = migration_path.later(loader)
    for migration in done:
        migration_path.call_command(
            "migrate", migration.app_label, migration.name, verbosity=0, interactive=False
        )
        assert migration_path.failures_of_old_code(loader, migration) == [], migration.name
    assert done


def test_a_column_old_code_cannot_fill_is_seen(filled: None) -> None:
    loader = MigrationLoader(connection)
    newest = migration_path.later(loader)[-1]
    assert migration_path.failures_of_old_code(loader, newest) == []
    for harm in ("ADD COLUMN planted integer NOT NULL DEFAULT 0", "DROP COLUMN reminded_at"):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE petitions_deadline {harm}")
                if "ADD" in harm:
                    cursor.execute(
                        "ALTER TABLE petitions_deadline ALTER COLUMN planted DROP DEFAULT"
                    )
            found = migration_path.failures_of_old_code(loader, newest)
            transaction.set_rollback(True)
        assert [line.partition(":")[0] for line in found] == ["petitions_deadline"]
