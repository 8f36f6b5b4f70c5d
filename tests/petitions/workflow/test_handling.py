"""Handling a case: the first acceptance, and the doors of a visited building."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from petitions.enums import DoorResult, Outcome, Status, Verb
from petitions.models import DoorVisit, Event, Petition
from petitions.states import FINAL, VERB_RULES
from petitions.workflow import handling, rerouting, resolution
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage

NOW = timezone.now()
DOORS = {(1, 1, 1): DoorResult.AFFECTED, (1, 1, 2): DoorResult.NO_ANSWER}


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


def _visited(stage: Stage, status: Status) -> Petition:
    """Return a case in a status after two doors were visited."""
    petition = handling.visit(
        petition=stage.at(Status.ACCEPTED, now=NOW),
        by=stage.cast["secretary"],
        now=NOW,
        building=stage.town.building,
        results=DOORS,
    )
    if status == Status.SUBMITTED:
        return rerouting.reassign(
            petition=petition,
            by=stage.cast["official"],
            now=NOW,
            organisation=stage.town.orgs["yingbin"],
            reason="由社区办理",
        )
    if status == Status.RESOLVED:
        return resolution.resolve(
            petition=petition,
            by=stage.cast["secretary"],
            now=NOW,
            outcome=Outcome.RESOLVED,
            cause="阀门老化",
            public_answer="已更换阀门，恢复供水",
        )
    return petition


def test_doors_stay_until_the_case_ends(stage: Stage) -> None:
    petition = _visited(stage, Status.IN_PROGRESS)
    handling.note(petition=petition, by=stage.cast["secretary"], now=NOW, body="下午再去")
    assert DoorVisit.objects.filter(petition=petition).count() == len(DOORS)


# For each verb that ends a case: the status it starts from, and how it is performed.
ENDS: dict[Verb, tuple[Status, Callable[[Stage, Petition], Petition]]] = {
    Verb.DECLINE: (
        Status.SUBMITTED,
        lambda stage, petition: handling.decline(
            petition=petition, by=stage.cast["community"], now=NOW, reason="请找物业公司"
        ),
    ),
    Verb.REDIRECT: (
        Status.SUBMITTED,
        lambda stage, petition: handling.redirect(
            petition=petition, by=stage.cast["community"], now=NOW, reason="请向法院起诉"
        ),
    ),
    Verb.CONFIRM: (
        Status.RESOLVED,
        lambda stage, petition: resolution.confirm(
            petition=petition, by=stage.petitioner(petition), now=NOW
        ),
    ),
    Verb.CLOSE: (
        Status.RESOLVED,
        lambda stage, petition: resolution.close(
            petition=petition, by=stage.cast["official"], now=NOW, reason="居民电话答复满意"
        ),
    ),
    Verb.WITHDRAW: (
        Status.IN_PROGRESS,
        lambda stage, petition: resolution.withdraw(
            petition=petition, by=stage.petitioner(petition), now=NOW
        ),
    ),
}


def test_every_verb_that_ends_a_case_is_tried() -> None:
    assert set(ENDS) == {rule.verb for rule in VERB_RULES if rule.to in FINAL}


@pytest.mark.parametrize("verb", ENDS)
def test_doors_are_erased_when_the_case_ends(stage: Stage, verb: Verb) -> None:
    status, end = ENDS[verb]
    petition = end(stage, _visited(stage, status))
    assert petition.status in FINAL
    assert not DoorVisit.objects.filter(petition=petition).exists()
    last = Event.objects.filter(petition=petition).latest("version")
    assert last.data["doors"] == {"affected": 1, "no_answer": 1}
