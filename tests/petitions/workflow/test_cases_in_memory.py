"""A case played in memory: which events make a form stale, and which deadlines are owed."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from members.posts import directory
from petitions.enums import DeadlineKind, Status
from petitions.workflow import case_store, escalation, handling
from petitions.workflow.case_store import MemoryStore
from petitions.workflow.escalation_chain import EscalationChain
from petitions.workflow.transitions import StaleVersion
from tests.support.cast import Stage


@pytest.fixture
def store() -> MemoryStore:
    """An empty store in memory."""
    return MemoryStore(
        -1,
        chain_on=EscalationChain.of,
        members_on=lambda pk, day: {user.pk for user in directory.members_of(pk, day)},
    )


def test_decision_makes_a_form_stale_and_a_note_does_not(stage: Stage, store: MemoryStore) -> None:
    how: dict[str, Any] = {"by": stage.cast["secretary"], "now": timezone.now()}
    with case_store.using(store):
        petition = stage.at(Status.ACCEPTED)
        seen = petition.version
        handling.note(petition=petition, body="好的", **how)
        assert [event.version for event in store.events_after(petition, seen)] == [seen + 1]
        escalation.escalate(petition=petition, reason="难", expected_version=seen, **how)
        with pytest.raises(StaleVersion):
            handling.start(petition=petition, expected_version=seen, **how)
        handling.start(petition=petition, expected_version=petition.version, **how)


def test_settled_deadline_is_not_owed(stage: Stage, store: MemoryStore) -> None:
    kinds = (DeadlineKind.CONTACT, DeadlineKind.RESOLUTION)
    with case_store.using(store):
        petition = stage.file().petition
        assert [row.kind for row in store.owed_deadlines(petition, kinds)] == [*kinds]
        handling.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
    assert [row.kind for row in store.owed_deadlines(petition, kinds)] == [DeadlineKind.RESOLUTION]
