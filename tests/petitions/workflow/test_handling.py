"""Handling a case: the first acceptance, and the doors of a visited building."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import DoorResult, Status
from petitions.models import DoorVisit
from petitions.workflow import handling, rerouting, resolution
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage

NOW = timezone.now()


def test_the_first_acceptance_is_kept_when_a_case_is_reassigned(stage: Stage) -> None:
    petition = rerouting.reassign(
        petition=stage.at(Status.ACCEPTED, now=NOW),
        by=stage.cast["official"],
        now=NOW,
        organisation=stage.town.orgs["yingbin"],
        reason="由社区办理",
    )
    later = NOW + dt.timedelta(hours=1)
    petition = handling.accept(petition=petition, by=stage.cast["community"], now=later)
    petition.refresh_from_db()
    assert (petition.status, petition.accepted_at) == (Status.ACCEPTED, NOW)


@pytest.mark.parametrize("unknown", ["entrances", "floors", "doors_per_floor"])
def test_a_building_of_unknown_size_has_no_doors(stage: Stage, unknown: str) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    building = stage.town.building
    setattr(building, unknown, None)
    with pytest.raises(WrongState, match="这栋楼没有这个门"):
        handling.visit(
            petition=petition,
            by=stage.cast["secretary"],
            now=NOW,
            building=building,
            results={(1, 1, 1): DoorResult.AFFECTED},
        )
    petition.refresh_from_db()
    assert petition.status == Status.ACCEPTED


def test_doors_stay_until_the_case_ends(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    by = stage.cast["secretary"]
    doors = {(1, 1, 1): DoorResult.AFFECTED, (1, 1, 2): DoorResult.NO_ANSWER}
    handling.visit(petition=petition, by=by, now=NOW, building=stage.town.building, results=doors)
    handling.note(petition=petition, by=by, now=NOW, body="下午再去")
    assert DoorVisit.objects.filter(petition=petition).count() == len(doors)
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=NOW)
    assert not DoorVisit.objects.filter(petition=petition).exists()
