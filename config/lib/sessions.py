"""Sessions in the database; a database that is away is our failure, not the visitor's."""

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import OperationalError


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
