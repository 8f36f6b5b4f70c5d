"""To whom an organisation can assign its case."""

from __future__ import annotations

import pytest
from django.utils import timezone

from branches.models import Organisation
from petitions.enums import Status
from petitions.workflow import handling
from petitions.workflow.transitions import WrongState
from tests.support.cast import Stage


def _dispatch(stage: Stage, group: Organisation | None, *users: str) -> None:
    handling.dispatch(
        petition=stage.at(Status.ACCEPTED),
        by=stage.cast["secretary"],
        now=timezone.now(),
        group=group,
        users=[stage.cast[name] for name in users],
    )


def test_group_of_another_branch(stage: Stage) -> None:
    group = stage.town.orgs["group2"]
    group.parent = stage.town.orgs["other"]
    with pytest.raises(WrongState) as refusal:
        _dispatch(stage, group)
    assert refusal.value.code == "foreign_group"


@pytest.mark.parametrize("name", ["branch", "water", "yingbin"])
def test_organisation_that_is_no_group(stage: Stage, name: str) -> None:
    organisation = stage.town.orgs[name]
    organisation.parent = stage.town.orgs["branch"]
    with pytest.raises(WrongState) as refusal:
        _dispatch(stage, organisation)
    assert refusal.value.code == "foreign_group"


def test_person_of_another_organisation(stage: Stage) -> None:
    with pytest.raises(WrongState) as refusal:
        _dispatch(stage, None, "member", "outsider")
    assert refusal.value.code == "foreign_person"


def test_nobody(stage: Stage) -> None:
    with pytest.raises(WrongState) as refusal:
        _dispatch(stage, None)
    assert refusal.value.code == "nobody_named"
