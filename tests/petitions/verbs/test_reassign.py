from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import post


def test_an_organisation_that_is_not_visible_cannot_be_named(stage: Stage) -> None:
    other = stage.town.orgs["other"]
    response = post(stage, stage.at(Status.RETURNED), Verb.REASSIGN, organisation=other.pk)
    assert response.status_code == 400
    assert other.name not in response.content.decode()
