"""Who confirmed a result, the resident or staff by telephone, and what is recorded of it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from petitions.actors import Petitioner
from petitions.enums import ClosedBy, Solved, Status
from petitions.models import Event, Feedback, Petition
from petitions.workflow import resolution
from tests.support.cast import Stage

NOW = timezone.now()


@pytest.mark.parametrize(
    ("who", "by_phone", "closed_by"),
    [("resident", False, ClosedBy.CONFIRMED), ("clerk", True, ClosedBy.FOLLOW_UP)],
)
def test_confirmation_says_whether_it_was_by_telephone(
    stage: Stage, who: str, by_phone: bool, closed_by: ClosedBy
) -> None:
    petition = stage.at(Status.RESOLVED)
    by = Petitioner(petition.pk) if who == "resident" else stage.cast[who]
    resolution.confirm(petition=petition, by=by, now=NOW, rating=4)
    feedback = Feedback.objects.get(petition=petition)
    assert (feedback.solved, feedback.rating) == (Solved.YES, 4)
    assert feedback.is_by_phone is by_phone
    event = Event.objects.filter(petition=petition).latest("id")
    assert event.data["by_phone"] is by_phone
    assert Petition.objects.get(pk=petition.pk).closed_by == closed_by
