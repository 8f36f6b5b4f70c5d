"""The organisations that a case cannot be reassigned to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from petitions.enums import Status
from petitions.workflow import rerouting
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage
from tests.support.returned_cases import decide, returned


@pytest.mark.parametrize("target", ["water", "group"])
def test_arbiter_gives_no_case_to_a_department_or_group(stage: Stage, target: str) -> None:
    petition = returned(stage, "fuxin")
    with pytest.raises(WrongState) as refusal:
        decide(stage, petition, target, by="city")
    assert refusal.value.code == "wrong_target"
    petition.refresh_from_db()
    assert petition.organisation == stage.town.orgs["fuxin"]


def test_organisation_that_has_the_case_already(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    with pytest.raises(WrongState) as refusal:
        rerouting.reassign(
            petition=petition,
            by=stage.cast["official"],
            now=timezone.now(),
            organisation=stage.town.orgs["branch"],
            reason="还由支部办",
        )
    assert refusal.value.code == "same_target"
