"""Test clients with a logged-in user, and a counter of database queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.lib import clock
from members.accounts.middleware import LAST_SEEN_KEY, LOGIN_TIME_KEY, MFA_VERIFIED_KEY
from tests.support.cast import Stage

BUDGET = 12  # queries for a page
TRANSACTION_STATEMENT = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT)")


def login(stage: Stage, name: str) -> Client:
    """Return a client logged in as a person of the cast, with the second factor passed."""
    client = Client()
    client.force_login(stage.cast[name])
    session = client.session
    session[MFA_VERIFIED_KEY] = True
    session[LOGIN_TIME_KEY] = session[LAST_SEEN_KEY] = clock.now().timestamp()
    session.save()
    return client


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the SQL of the queries made inside, transaction statements left out."""
    queries: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield queries
    queries += [
        query["sql"]
        for query in captured.captured_queries
        if not TRANSACTION_STATEMENT.match(query["sql"])
    ]
