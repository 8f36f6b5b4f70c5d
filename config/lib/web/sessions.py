"""Sessions in the database, by its clock; one that is away is our failure, not the visitor's."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import OperationalError

from config.lib import clock


class SessionStore(DatabaseStore):
    """Keeps sessions as the framework does."""

    def save(self, must_create: bool = False) -> None:
        """Save; when the database is away that is what is said (503).

        The framework would take it for a session that somebody ended meanwhile (400).
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

    def get_expiry_date(self, **given: Any) -> dt.datetime:
        """Return when the session ends: the same on every machine."""
        return super().get_expiry_date(**{"modification": clock.now(), **given})

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        """Return the session's row unless it has ended; by the framework's clock it could have."""
        rows = self.model.objects.filter(session_key=self.session_key)
        row = rows.filter(expire_date__gt=clock.now()).first()
        if row is None:
            self._session_key = None
        return row
