"""A database that has fallen silent is not waited for, and its clock is the one that counts."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg2 import extensions

from config.lib import clock
from config.lib.db.postgres import base
from config.lib.db.timeouts import without_timeouts

QUICK = 0.2  # seconds of silence allowed here
HEARD = clock.synchronise  # before the fixture of all tests puts nothing in its place


@pytest.fixture(autouse=True)
def real_clock(own_clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "synchronise", HEARD)
    monkeypatch.setattr(clock, "_ahead", dt.timedelta())


@pytest.fixture
def mute() -> Iterator[int]:
    """Listen on a port, take whatever comes, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        taken: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    taken.append(door.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield int(door.getsockname()[1])
        door.shutdown(socket.SHUT_RDWR)
        thread.join()
        for line in taken:
            line.close()


def test_a_server_that_does_not_greet_is_given_up(
    mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base.TimedConnection, "patience", QUICK)
    with pytest.raises(psycopg2.OperationalError, match="silent"):
        psycopg2.connect(host="127.0.0.1", port=mute, connection_factory=base.TimedConnection)


@pytest.mark.django_db
def test_a_line_that_falls_silent_is_given_up_and_closed() -> None:
    with _another_line() as line:
        line.patience = QUICK
        with pytest.raises(psycopg2.OperationalError, match="silent"), line.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        assert line.closed


@pytest.mark.django_db
def test_a_long_statement_is_waited_for_where_none_is_cut() -> None:
    with _another_line() as line:
        line.patience = None
        with line.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [QUICK * 2])
        assert not line.closed


@pytest.mark.django_db
def test_a_kept_line_is_asked_before_use() -> None:
    other = connection.copy()
    other.connect()
    try:
        assert other.is_usable()
        other.connection.close()
        assert not other.is_usable()
    finally:
        other.close()


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "fault", "is_asked"), [(0, False, 0), (0, True, 1), (2, False, 1)])
def test_a_line_that_has_just_answered_is_believed(
    monkeypatch: pytest.MonkeyPatch, age: float, fault: bool, is_asked: int
) -> None:
    """Unless something went wrong on it since, or that was a second ago."""
    asked = []
    honest = base._ask_the_time
    other = connection.copy()
    other.connect()
    monkeypatch.setattr(base, "_ask_the_time", lambda line: (asked.append(line), honest(line)))
    try:
        other._answered -= age
        other.errors_occurred = fault
        assert other.is_usable()
        assert len(asked) == is_asked
    finally:
        other.close()


@pytest.mark.django_db
def test_the_databases_clock_is_heard_on_a_new_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_ahead", dt.timedelta(days=3))
    other = connection.copy()
    other.connect()
    other.close()
    assert abs(clock.now() - timezone.now()) < dt.timedelta(seconds=2)


@pytest.mark.parametrize("days", [1, -1])
def test_now_is_what_the_database_says(days: int) -> None:
    theirs = timezone.now() + dt.timedelta(days=days)
    clock.synchronise(theirs)
    assert dt.timedelta() <= clock.now() - theirs < dt.timedelta(seconds=2)


def test_the_way_of_the_answer_is_no_error_of_the_clock() -> None:
    clock.synchronise(timezone.now() + clock.TOLERANCE / 2)
    assert clock._ahead == dt.timedelta()


class _another_line:  # noqa: N801 - used as a context
    """A second connection to the test database, as the application opens them."""

    def __enter__(self) -> base.TimedConnection:
        self.other = connection.copy()
        self.other.connect()
        assert isinstance(self.other.connection, base.TimedConnection)
        assert self.other.connection.status == extensions.STATUS_READY
        self.started = time.monotonic()
        return self.other.connection

    def __exit__(self, *_rest: object) -> None:
        self.other.close()


@pytest.mark.django_db
def test_a_question_to_the_whole_database_may_take_longer() -> None:
    """The limits are lifted inside, and there again afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 100")
        usual, connection.connection.patience = connection.connection.patience, 0.3
        with without_timeouts():
            cursor.execute("SELECT pg_sleep(0.5)")
        assert connection.connection.patience == 0.3
        connection.connection.patience = usual
        with pytest.raises(OperationalError, match="statement timeout"), transaction.atomic():
            cursor.execute("SELECT pg_sleep(0.5)")
