"""Session store in the database, with expiry by the database's clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import OperationalError

from config.lib import clock
from config.lib.db.prepared_rows import PreparedRow


class SessionStore(DatabaseStore):
    """Django's database sessions, except for the clock and the error of an unavailable database."""

    def save(self, must_create: bool = False) -> None:
        """Save; raise OperationalError (503) when the database is unavailable.

        Django raises UpdateError then, which means that the session was deleted meanwhile (400).
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

    def get_expiry_date(self, **kwargs: Any) -> dt.datetime:
        """Return the instant of expiry by the database's clock."""
        return super().get_expiry_date(**{"modification": clock.now(), **kwargs})

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        """Return the session's row unless it has expired by the database's clock."""
        row = _RUNNING_SESSION.first(self.session_key, clock.now())
        if row is None:
            self._session_key = None
        return row


_RUNNING_SESSION = PreparedRow(
    "running_session",
    SessionStore.get_model_class,
    "varchar, timestamptz",
    "session_key = $1 AND expire_date > $2",
)
