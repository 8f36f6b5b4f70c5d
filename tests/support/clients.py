"""What tests of pages share: somebody at the door, and a count of what the database was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.cast import Stage

BUDGET = 12
NO_QUESTION = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT)")


def login(stage: Stage, name: str) -> Client:
    """Return a browser in which somebody of the cast is logged in, past the first page."""
    client = Client()
    client.force_login(stage.cast[name])
    client.get("/inbox/")  # the first page of a session writes down when it began
    return client


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements asked inside, without those that only frame a transaction."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as caught:
        yield found
    found += [
        query["sql"] for query in caught.captured_queries if not NO_QUESTION.match(query["sql"])
    ]
