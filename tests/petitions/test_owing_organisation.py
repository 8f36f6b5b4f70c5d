"""Which organisation must keep a deadline while a case is returned."""

from __future__ import annotations

import pytest

from petitions import involvement
from petitions.enums import DeadlineKind, Status
from petitions.models import Deadline
from tests.support.cast import Stage


@pytest.mark.parametrize(
    ("status", "kind", "set_for", "owing"),
    [
        (Status.RETURNED, DeadlineKind.CONTACT, "branch", "yingbin"),
        (Status.RETURNED, DeadlineKind.RESOLUTION, "branch", "yingbin"),
        (Status.RETURNED, DeadlineKind.ANSWER, "fuxin", "fuxin"),
        (Status.RETURNED, DeadlineKind.CONCLUDE, "water", "water"),
        (Status.ACCEPTED, DeadlineKind.RESOLUTION, "branch", "branch"),
    ],
)
def test_arbiter_keeps_only_what_the_handler_owed(
    stage: Stage, status: Status, kind: DeadlineKind, set_for: str, owing: str
) -> None:
    orgs = stage.town.orgs
    petition = stage.at(status)
    petition.arbiter = orgs["yingbin"]
    deadline = Deadline(kind=kind, organisation=orgs[set_for])
    assert involvement.owing_organisation_id(petition, deadline) == orgs[owing].pk


def test_without_an_arbiter_the_handler_keeps_it(stage: Stage) -> None:
    petition, branch = stage.at(Status.RETURNED), stage.town.orgs["branch"]
    petition.arbiter = None
    deadline = Deadline(kind=DeadlineKind.CONTACT, organisation=branch)
    assert involvement.owing_organisation_id(petition, deadline) == branch.pk
