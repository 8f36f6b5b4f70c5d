"""Duties of cases that an earlier release suspended or returned."""

from __future__ import annotations

import pytest
from django.utils import timezone

from petitions.enums import DeadlineKind, Status, Verb
from petitions.models import Deadline, Petition
from petitions.rules import duties
from tests.support.cast import Stage
from tests.support.returned_cases import returned

NOW = timezone.now()


def test_the_result_of_a_suspended_case_is_still_owed(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    petition.status = Status.SUSPENDED
    (duty,) = duties.duties(petition, Deadline.objects.owed().filter(petition=petition), NOW)
    assert (duty.kind, duty.verb) == (DeadlineKind.RESOLUTION, Verb.RESOLVE)
    assert duty.organisation == stage.town.orgs["branch"]


@pytest.mark.parametrize(
    ("responsible", "decides"), [("branch", "yingbin"), ("fuxin", "fuxin"), ("city", "city")]
)
def test_the_organisation_below_the_city_decides_on_a_return_without_arbiter(
    stage: Stage, responsible: str, decides: str
) -> None:
    petition = stage.file(now=NOW).petition
    petition.status = Status.RETURNED
    petition.organisation = stage.town.orgs[responsible]
    assert duties.deciding_organisation(petition) == stage.town.orgs[decides]


@pytest.mark.parametrize("kind", [DeadlineKind.CONTACT, DeadlineKind.RESOLUTION])
def test_the_coordinators_above_owe_the_decision_on_a_return_without_arbiter(
    stage: Stage, kind: DeadlineKind
) -> None:
    petition = returned(stage)
    Petition.objects.filter(pk=petition.pk).update(arbiter=None, returned_by=None)
    Deadline.objects.filter(petition=petition, kind=DeadlineKind.ARBITRATION).delete()
    petition.refresh_from_db()
    rows = Deadline.objects.owed().filter(petition=petition, kind=kind)
    owed = duties.duties(petition, rows, NOW)
    own = duties.own_duty(petition, owed, stage.cast["community"])
    assert own is not None
    assert own.verb == Verb.REASSIGN
    assert duties.own_duty(petition, owed, stage.cast["secretary"]) is None
