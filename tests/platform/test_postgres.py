"""Read timeout of database connections, and the database's clock."""

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

SHORT_TIMEOUT = 0.2  # seconds
SYNCHRONISE = clock.synchronise  # before the fixture of all tests replaces it


@pytest.fixture(autouse=True)
def real_clock(own_clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "synchronise", SYNCHRONISE)
    monkeypatch.setattr(clock._clock, "offset", dt.timedelta())


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    accepted.append(listener.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connected in accepted:
            connected.close()


def test_connecting_to_a_mute_server_times_out(
    mute_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base.TimedConnection, "read_timeout", SHORT_TIMEOUT)
    with pytest.raises(psycopg2.OperationalError, match="does not respond"):
        psycopg2.connect(host="127.0.0.1", port=mute_port, connection_factory=base.TimedConnection)


@pytest.mark.django_db
def test_connection_is_closed_after_the_read_timeout() -> None:
    with SecondConnection() as driver_connection:
        driver_connection.read_timeout = SHORT_TIMEOUT
        with (
            pytest.raises(psycopg2.OperationalError, match="does not respond"),
            driver_connection.cursor() as cursor,
        ):
            cursor.execute("SELECT pg_sleep(30)")
        assert driver_connection.closed


@pytest.mark.django_db
def test_without_a_read_timeout_a_long_statement_finishes() -> None:
    with SecondConnection() as driver_connection:
        driver_connection.read_timeout = None
        with driver_connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [SHORT_TIMEOUT * 2])
        assert not driver_connection.closed


@pytest.mark.django_db
def test_kept_connection_is_checked_before_use() -> None:
    other = connection.copy()
    other.connect()
    try:
        assert other.is_usable()
        other.connection.close()
        assert not other.is_usable()
    finally:
        other.close()


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "fault", "expected"), [(0, False, 0), (0, True, 1), (2, False, 1)])
def test_recently_checked_connection_is_not_checked_again(
    monkeypatch: pytest.MonkeyPatch, age: float, fault: bool, expected: int
) -> None:
    """Unless an error occurred on it since, or CHECK_INTERVAL has passed."""
    checks = []
    original = base._synchronise_clock
    other = connection.copy()
    other.connect()
    monkeypatch.setattr(
        base, "_synchronise_clock", lambda line: (checks.append(line), original(line))
    )
    try:
        other._checked_at -= age
        other.errors_occurred = fault
        assert other.is_usable()
        assert len(checks) == expected
    finally:
        other.close()


@pytest.mark.django_db
def test_new_connection_synchronises_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock._clock, "offset", dt.timedelta(days=3))
    other = connection.copy()
    other.connect()
    other.close()
    assert abs(clock.now() - timezone.now()) < dt.timedelta(seconds=2)


@pytest.mark.parametrize("days", [1, -1])
def test_now_follows_the_databases_clock(days: int) -> None:
    database_time = timezone.now() + dt.timedelta(days=days)
    clock.synchronise(database_time)
    assert dt.timedelta() <= clock.now() - database_time < dt.timedelta(seconds=2)


def test_network_latency_is_no_clock_difference() -> None:
    clock.synchronise(timezone.now() + clock.TOLERANCE / 2)
    assert clock._clock.offset == dt.timedelta()


class SecondConnection:
    """A second connection to the test database, opened as the application does."""

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
def test_timeouts_are_disabled_inside_the_context_only() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 100")
        read_timeout, connection.connection.read_timeout = connection.connection.read_timeout, 0.3
        with without_timeouts():
            cursor.execute("SELECT pg_sleep(0.5)")
        assert connection.connection.read_timeout == 0.3
        connection.connection.read_timeout = read_timeout
        with pytest.raises(OperationalError, match="statement timeout"), transaction.atomic():
            cursor.execute("SELECT pg_sleep(0.5)")
