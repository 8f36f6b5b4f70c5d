"""A deadline whose processing fails is postponed, unless the database itself is away."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from petitions.enums import DeadlineKind
from petitions.models import Deadline
from petitions.workflow import deadline_sweep, escalation
from petitions.workflow.deadline_sweep import SweepResult
from tests.support.cast import Stage

NOW = dt.datetime(2026, 3, 2, 11, 0, tzinfo=timezone.get_default_timezone())


@pytest.mark.parametrize("error", [OperationalError("lock timeout"), ValueError("broken")])
def test_failing_deadline_is_tried_later_and_the_others_now(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing, other = (stage.file(now=NOW).petition for _case in range(2))
    original = escalation.escalate_to

    def escalate(change: Any, **how: Any) -> None:
        if change.petition.pk == failing.pk:
            raise error
        original(change, **how)

    monkeypatch.setattr(escalation, "escalate_to", escalate)
    rows = Deadline.objects.filter(kind=DeadlineKind.CONTACT)
    late = rows.get(petition=failing).due_at + dt.timedelta(minutes=1)
    result = deadline_sweep.expire_due(now=late, limit=10)
    assert result == SweepResult(taken=2, done=1)
    assert rows.open().get().petition == failing
    row = rows.get(petition=failing)
    assert row.attempts == 1
    assert row.retry_at is not None
    assert row.retry_at > late
    other.refresh_from_db()
    assert other.is_answer_owed
