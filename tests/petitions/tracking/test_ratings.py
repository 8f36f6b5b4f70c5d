"""Which ratings of an answer are stored: those of the resident, for the answer that was shown."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Outcome, Status
from petitions.models import Feedback, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import resolution
from tests.support.cast import PHONE, Stage, walk
from tests.support.tracking_client import fresh, open_case, post_form, send_feedback

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


# --- The answer that is rated --------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.RESOLVED, Outcome.NOT_FEASIBLE])
@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize("is_from_earlier_release", [False, True])
def test_a_rating_from_an_old_page_is_not_stored_for_a_newer_answer(
    stage: Stage, outcome: Outcome, status: Status, *, is_from_earlier_release: bool
) -> None:
    petition, client = stage.at(Status.CLOSED, now=NOW), Client()
    page = open_case(client, petition)
    seen = {} if is_from_earlier_release else {"round": _round_on(page)}
    petition = resolution.reopen(petition=petition, by=stage.cast["clerk"], now=NOW, reason="又坏")
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=outcome,
        cause="-",
        public_answer="换了第二根管。",
    )
    if status == Status.CLOSED:
        resolution.close(petition=petition, by=stage.cast["clerk"], now=NOW, reason="问过")
    answer = post_form(client, "/track/rate/", {"rating": "4"} | seen)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "又有了新的答复" in body.split("<h1>")[0]
    assert "换了第二根管。" in body
    assert re.search(r'value="4"[^>]*checked', body)  # the face chosen stays
    assert not Feedback.objects.filter(rating=4).exists()
    if status == Status.CLOSED:
        again = post_form(client, "/track/rate/", {"rating": "4", "round": _round_on(body)})
        assert again.status_code == 302
        assert Feedback.objects.get(rating=4).round == 2


def _round_on(page: str) -> str:
    found = re.search('name="round" value="([0-9]+)"', page)
    assert found
    return found[1]
