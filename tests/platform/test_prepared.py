"""A prepared question is planned once for each line, and answers as if it was asked plainly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.db.utils import OperationalError, ProgrammingError
from django.test.utils import CaptureQueriesContext

from config.lib.db.postgres.base import DatabaseWrapper
from config.lib.db.prepared import PreparedQuery
from tests.support.database_roles import as_owner

pytestmark = pytest.mark.django_db


def _plans(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [name])
        found: int = cursor.fetchone()[0]
    return found


def test_it_is_planned_once_and_asked_in_one_statement() -> None:
    twice = PreparedQuery("test_twice", "int, varchar", lambda: "SELECT $1 * 2, $2 || '！'")
    for number in range(3):
        with CaptureQueriesContext(connection) as asked:
            assert twice.rows(number, "五'") == [(number * 2, "五'！")]
        assert len(asked) == 1
    assert _plans("test_twice") == 1


@pytest.mark.django_db(transaction=True)
def test_another_line_plans_anew() -> None:
    one = PreparedQuery("test_one", "int", lambda: "SELECT $1")
    assert one.rows(1) == [(1,)]
    connection.close()
    assert _plans("test_one") == 0
    assert one.rows(2) == [(2,)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["test_dead_known", "test_dead_new"])
def test_a_line_that_has_died_is_replaced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the question had been asked on it or not."""
    PreparedQuery("test_dead_known", "int", lambda: "SELECT $1").rows(1)
    line = connections["default"]
    before = line.connection
    monkeypatch.setattr(DatabaseWrapper, "is_usable", lambda _line: False)
    line.health_check_enabled, line.health_check_done = True, False
    assert PreparedQuery(name, "int", lambda: "SELECT $1").rows(2) == [(2,)]
    assert line.connection is not before


def _forgotten_there() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


def _forgotten_here() -> None:
    connections["default"].connection.prepared.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("forget", [_forgotten_there, _forgotten_here])
def test_a_line_at_odds_with_its_server_is_given_up(forget: Callable[[], None]) -> None:
    one = PreparedQuery("test_odds", "int", lambda: "SELECT $1")
    one.rows(1)
    forget()
    assert one.rows(2) == [(2,)]
    forget()
    with pytest.raises(OperationalError), transaction.atomic():  # its transaction is lost with it
        one.rows(3)
    assert one.rows(4) == [(4,)]


def test_it_outlives_what_is_taken_back() -> None:
    one = PreparedQuery("test_kept", "int", lambda: "SELECT $1")
    with transaction.atomic():
        one.rows(1)
        transaction.set_rollback(True)
    assert one.rows(2) == [(2,)]


def test_a_question_that_cannot_be_planned_is_the_frameworks_error() -> None:
    wrong = PreparedQuery("test_wrong", "int", lambda: "SELECT $1 FROM nowhere")
    for _again in range(2):
        with pytest.raises(ProgrammingError), transaction.atomic():
            wrong.rows(1)


def test_a_longer_column_is_no_trouble() -> None:
    """A line planned before a change of the schema goes on after it."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE word (it varchar(5)); INSERT INTO word VALUES ('a')")
        cursor.execute("GRANT SELECT ON word TO PUBLIC")
    words = PreparedQuery("test_words", "int", lambda: "SELECT it::varchar FROM word LIMIT $1")
    assert words.rows(1) == [("a",)]
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE word ALTER it TYPE varchar(90), ADD other int")
    assert words.rows(1) == [("a",)]
