"""Which reveals of a contact count towards the limit of a day, in the database and in memory."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from members.posts import directory
from petitions.enums import Status
from petitions.workflow import case_store, contact
from petitions.workflow.case_store import MemoryStore
from petitions.workflow.escalation_chain import EscalationChain
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage

MIDNIGHT = dt.datetime(2026, 3, 3, tzinfo=timezone.get_default_timezone())
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(params=["database", "memory"])
def store(request: pytest.FixtureRequest) -> Any:
    """The store of the verbs."""
    if request.param == "database":
        return case_store.current()
    return MemoryStore(
        -1,
        chain_on=EscalationChain.of,
        members_on=lambda pk, day: {user.pk for user in directory.members_of(pk, day)},
    )


@pytest.mark.parametrize(
    ("earlier", "is_counted"),
    [(MIDNIGHT - MINUTE, False), (MIDNIGHT, True), (MIDNIGHT + 30 * MINUTE, True)],
)
def test_the_day_begins_at_midnight(
    stage: Stage, settings: Any, store: Any, earlier: dt.datetime, is_counted: bool
) -> None:
    settings.REVEALS_PER_DAY = 1
    how: dict[str, Any] = {"by": stage.cast["clerk"], "reason": "约定上门时间"}
    with case_store.using(store):
        petition = stage.at(Status.IN_PROGRESS, now=MIDNIGHT - 60 * MINUTE)
        contact.reveal(petition=petition, now=earlier, **how)
        if is_counted:
            with pytest.raises(WrongState) as refusal:
                contact.reveal(petition=petition, now=MIDNIGHT + 720 * MINUTE, **how)
            assert refusal.value.code == contact.REVEAL_LIMIT
        else:
            contact.reveal(petition=petition, now=MIDNIGHT + 720 * MINUTE, **how)
