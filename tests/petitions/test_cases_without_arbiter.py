"""Cases that were returned before there were arbiters: who decides on them."""

from __future__ import annotations

import pytest

from petitions import involvement, permissions
from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage


def _case(stage: Stage, *, arbiter: str | None, is_route_final: bool) -> Petition:
    petition = stage.at(Status.SUBMITTED)
    petition.is_route_final = is_route_final
    petition.arbiter = stage.town.orgs[arbiter] if arbiter else None
    return petition


@pytest.mark.parametrize(
    ("arbiter", "is_route_final", "expected"),
    [(None, True, True), ("yingbin", True, False), (None, False, False)],
)
def test_decided_case_without_a_known_arbiter(
    stage: Stage, arbiter: str | None, is_route_final: bool, expected: bool
) -> None:
    petition = _case(stage, arbiter=arbiter, is_route_final=is_route_final)
    assert involvement.is_without_arbiter(petition) is expected


def test_returned_case_without_an_arbiter(stage: Stage) -> None:
    petition = _case(stage, arbiter=None, is_route_final=False)
    petition.status = Status.RETURNED
    assert involvement.is_without_arbiter(petition)
    petition.arbiter = stage.town.orgs["yingbin"]
    assert not involvement.is_without_arbiter(petition)


@pytest.mark.parametrize(
    ("who", "code"), [("official", ""), ("clerk", ""), ("sibling", "wrong_actor")]
)
def test_coordinators_above_the_handler_reassign_it(stage: Stage, who: str, code: str) -> None:
    petition = _case(stage, arbiter=None, is_route_final=True)
    assert permissions.may(Verb.REASSIGN, petition, stage.cast[who]).code == code


def test_with_an_arbiter_other_coordinators_do_not(stage: Stage) -> None:
    petition = _case(stage, arbiter="yingbin", is_route_final=True)
    assert permissions.may(Verb.REASSIGN, petition, stage.cast["official"]).code == "not_arbiter"
