"""The deadline of a case that has to be handled again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import DeadlineKind, DeadlineState, Status
from petitions.models import Deadline, Event, Petition
from petitions.workflow import resolution
from tests.support.cast import Stage

# A Monday morning; the standard gives five working days for a result, and three when done again.
NOW = dt.datetime(2026, 3, 2, 11, 0, tzinfo=timezone.get_default_timezone())


@pytest.mark.parametrize(
    ("verb", "status"), [("dispute", Status.RESOLVED), ("reopen", Status.CLOSED)]
)
def test_three_working_days_from_now(stage: Stage, verb: str, status: Status) -> None:
    petition = stage.at(status, now=NOW, urgency="normal")
    first = Deadline.objects.get(petition=petition, kind=DeadlineKind.RESOLUTION)
    assert first.due_at == NOW + dt.timedelta(days=7)
    act = getattr(resolution, verb)
    act(petition=petition, by=stage.petitioner(petition), now=NOW, reason="还是浑")
    row = Deadline.objects.open().get(petition=petition)
    assert (row.kind, row.organisation) == (DeadlineKind.RESOLUTION, stage.town.orgs["branch"])
    assert row.due_at == NOW + dt.timedelta(days=3)
    petition = Petition.objects.get(pk=petition.pk)
    assert (petition.due_at, petition.closed_at, petition.closed_by) == (row.due_at, None, "")
    confirmation = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONFIRMATION)
    expected = DeadlineState.CANCELLED if verb == "dispute" else DeadlineState.MET
    assert confirmation.state == expected


@pytest.mark.parametrize(
    ("verb", "status"), [("dispute", Status.RESOLVED), ("reopen", Status.CLOSED)]
)
def test_words_of_the_resident_are_public(stage: Stage, verb: str, status: Status) -> None:
    petition = stage.at(status, now=NOW)
    act = getattr(resolution, verb)
    act(petition=petition, by=stage.petitioner(petition), now=NOW, reason="还是浑")
    note = Event.objects.filter(petition=petition).latest("id").note
    assert (note.body, note.is_public) == ("还是浑", True)
