from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import post, url_of


def test_the_group_of_the_building_is_proposed(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    page = login(stage, "secretary").get(url_of(petition, Verb.DISPATCH)).content.decode()
    assert f'value="{stage.town.orgs["group"].pk}" selected' in page


def test_a_group_of_another_branch_cannot_be_named(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    data = {"version": petition.version, "group": stage.town.orgs["other"].pk}
    assert post(stage, petition, Verb.DISPATCH, data).status_code == 400


def test_somebody_must_be_named(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    response = post(stage, petition, Verb.DISPATCH, {"version": petition.version})
    assert response.status_code == 400
