"""Django's PostgreSQL backend with a client-side read timeout.

The server cancels a statement that runs too long, but only the client can notice a server or a
network that stops responding. psycopg2 alone would wait without limit.
"""

from __future__ import annotations

import datetime as dt
import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg2 import Error, OperationalError, extensions

from config.lib import clock

CHECK_INTERVAL = 1.0  # seconds after a successful check during which a connection counts as alive
CONNECT_TIMEOUT = 3.0  # seconds for connecting, and for the query that checks a connection
# The kernel probes an idle peer and drops the connection after 20 s without an acknowledgement.
KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
_EVENT = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


class TimedConnection(extensions.connection):
    """A driver connection with a read timeout in seconds (None: no timeout).

    `prepared`: the names of the statements prepared on it.
    """

    read_timeout: float | None = CONNECT_TIMEOUT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()


def wait(connection: extensions.connection) -> None:
    """Wait for the server; raise OperationalError (503) after the read timeout."""
    is_new = connection.status == extensions.STATUS_SETUP
    if isinstance(connection, TimedConnection):
        timeout = connection.read_timeout
    else:
        timeout = CONNECT_TIMEOUT if is_new else None
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), _EVENT[state])
        if not poll.poll(None if timeout is None else timeout * 1000):
            raise OperationalError("the database does not respond")


extensions.set_wait_callback(wait)


class DatabaseWrapper(base.DatabaseWrapper):
    """Applies `READ_TIMEOUT` of `DATABASES`, in seconds, to every connection."""

    _checked_at = float("-inf")

    def get_connection_params(self) -> dict[str, Any]:
        """Return the driver's parameters."""
        parameters = super().get_connection_params()
        return KEEPALIVE | parameters | {"connection_factory": TimedConnection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect within CONNECT_TIMEOUT, then apply the read timeout."""
        connection = super().get_new_connection(conn_params)
        connection.read_timeout = self.settings_dict.get("READ_TIMEOUT")
        return connection

    def init_connection_state(self) -> None:
        """Initialise a new connection and synchronise the clock with the server's."""
        super().init_connection_state()
        _synchronise_clock(self.connection)
        self._checked_at = time.monotonic()

    def is_usable(self) -> bool:
        """Return whether the kept connection still responds; the check also reads the clock.

        A connection checked within CHECK_INTERVAL counts as usable unless an error occurred on it.
        """
        connection = self.connection
        if not isinstance(connection, TimedConnection) or connection.closed:
            return False
        if not self.errors_occurred and time.monotonic() - self._checked_at < CHECK_INTERVAL:
            return True
        connection.read_timeout, read_timeout = CONNECT_TIMEOUT, connection.read_timeout
        try:
            _synchronise_clock(connection)
        except Error:
            return False
        finally:
            connection.read_timeout = read_timeout
        self._checked_at = time.monotonic()
        return True


def _synchronise_clock(connection: extensions.connection) -> None:
    """Read the server's clock; outside any transaction, where connections are made and checked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        (seconds,) = cursor.fetchone() or (0.0,)
    clock.synchronise(dt.datetime.fromtimestamp(seconds, dt.UTC))
