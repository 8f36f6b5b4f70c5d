"""The connection to PostgreSQL: one that has fallen silent is given up, and asked anew.

The server ends a statement that runs too long, but only a client can notice that nothing comes
any more: a half-open line, a server that hangs. The driver alone would wait for ever.
"""

from __future__ import annotations

import datetime as dt
import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg2 import Error, OperationalError, extensions

from config.lib import clock

CHECK_INTERVAL = (
    1.0  # seconds: a line that has answered within them is not asked whether it still does
)
CONNECT_TIMEOUT = (
    3.0  # seconds: a server that lives answers a new line and a plain question at once
)
# A host that is gone says nothing at all: the kernel asks, and gives up after 20 s.
KEPT_ALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
_EVENT = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


class TimedConnection(extensions.connection):
    """One line to the server, with the seconds of silence it is allowed; None is any number."""

    patience: float | None = CONNECT_TIMEOUT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()  # the names of what this line's server has planned


def wait(line: extensions.connection) -> None:
    """Wait for the server's next word; a silence that lasts too long ends the line (503)."""
    is_new = line.status == extensions.STATUS_SETUP
    patience = (
        line.patience if isinstance(line, TimedConnection) else CONNECT_TIMEOUT if is_new else None
    )
    while (state := line.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(line.fileno(), _EVENT[state])
        if not poll.poll(None if patience is None else patience * 1000):
            raise OperationalError("the database has fallen silent")


extensions.set_wait_callback(wait)


class DatabaseWrapper(base.DatabaseWrapper):
    """Allows every line the silence that `PATIENCE` in `DATABASES` says, in seconds."""

    _answered = float("-inf")

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the driver needs; every connection is a line of ours."""
        return (
            KEPT_ALIVE | super().get_connection_params() | {"connection_factory": TimedConnection}
        )

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a line, which must greet at once."""
        line = super().get_new_connection(conn_params)
        line.patience = self.settings_dict.get("PATIENCE")
        return line

    def init_connection_state(self) -> None:
        """Make a new line ready, and hear from it what time it is."""
        super().init_connection_state()
        _ask_the_time(self.connection)
        self._answered = time.monotonic()

    def is_usable(self) -> bool:
        """Tell whether the kept line still answers, at once; what it is asked is the time.

        One that answered a moment ago is believed, unless something has gone wrong on it since.
        """
        line = self.connection
        if not isinstance(line, TimedConnection) or line.closed:
            return False
        if not self.errors_occurred and time.monotonic() - self._answered < CHECK_INTERVAL:
            return True
        line.patience, usual = CONNECT_TIMEOUT, line.patience
        try:
            _ask_the_time(line)
        except Error:
            return False
        finally:
            line.patience = usual
        self._answered = time.monotonic()
        return True


def _ask_the_time(line: extensions.connection) -> None:
    """Hear the database's clock; outside any transaction, where lines are opened and checked."""
    with line.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        (seconds,) = cursor.fetchone() or (0.0,)
    clock.synchronise(dt.datetime.fromtimestamp(seconds, dt.UTC))
