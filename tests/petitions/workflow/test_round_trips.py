"""How many statements write a transition."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from petitions.enums import Status
from petitions.workflow import handling
from tests.support.cast import Stage


def _written(captured: CaptureQueriesContext) -> list[str]:
    return [row["sql"] for row in captured.captured_queries if "INSERT INTO" in row["sql"]]


def test_new_case_is_inserted_in_one_round_trip(stage: Stage) -> None:
    with CaptureQueriesContext(connection) as captured:
        stage.file()
    [statement] = [sql for sql in _written(captured) if "petitions_petition" in sql]
    for table in ("petitions_deadline", "petitions_contact", "petitions_event"):
        assert f'INSERT INTO "{table}"' in statement


def test_step_that_leaves_the_deadlines_alone_reads_none(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    with CaptureQueriesContext(connection) as captured:
        now = timezone.now() + dt.timedelta(minutes=1)
        handling.start(petition=petition, by=stage.cast["secretary"], now=now)
    assert not any("petitions_deadline" in row["sql"] for row in captured.captured_queries)
