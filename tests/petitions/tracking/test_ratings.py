"""Which ratings of an answer are stored: those of the resident, for the answer that was shown."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Feedback, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import resolution
from tests.support.cast import PHONE, Stage, walk
from tests.support.tracking_client import fresh, open_case, send_feedback

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()


def _resolved(stage: Stage, by: str | None, phone: str) -> Petition:
    contact = ContactDetails(phone=phone, name="示例居民")
    petition = stage.file(by=by, contact=contact, now=NOW).petition
    return walk(stage, petition, Status.RESOLVED, NOW)


@pytest.mark.parametrize(
    ("filer", "phone", "stored"),
    [("clerk", "", None), ("secretary", PHONE, None), ("clerk", PHONE, 1), (None, "", 1)],
)
def test_a_rating_with_a_disagreement_counts_where_the_code_rates(
    stage: Stage, filer: str | None, phone: str, stored: int | None
) -> None:
    petition, client = _resolved(stage, filer, phone), Client()
    open_case(client, petition, phone[-4:])
    answer = send_feedback(client, "dispute", petition, rating=1, reason="还是浑", asked=1)
    assert answer.status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED
    assert Feedback.objects.get().rating == stored


@pytest.mark.parametrize(
    ("filer", "phone", "stored"), [(None, "", None), (None, PHONE, 1), ("secretary", "", 1)]
)
def test_staff_rate_with_a_disagreement_where_they_could_ask_the_resident(
    stage: Stage, filer: str | None, phone: str, stored: int | None
) -> None:
    petition = _resolved(stage, filer, phone)
    petition = resolution.dispute(
        petition=petition, by=stage.cast["clerk"], now=NOW, reason="还是浑", rating=1
    )
    assert petition.status == Status.REOPENED
    assert Feedback.objects.get().rating == stored
