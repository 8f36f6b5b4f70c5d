from __future__ import annotations

from members.enums import Role
from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.returned_cases import give_post
from tests.support.verb_cases import latest_event, post, url_of


def test_case_filed_by_the_clerk_is_accepted(stage: Stage) -> None:
    petition = stage.file(by="clerk").petition
    post(stage, petition, Verb.ACCEPT)
    assert latest_event(petition).verb == Verb.ACCEPT


def test_a_button_without_the_version_does_nothing(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    client = login(stage, "secretary")
    assert client.post(url_of(petition, Verb.ACCEPT)).status_code == 400


def test_a_stale_button_says_so_on_the_case(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    response = post(stage, petition, Verb.ACCEPT, version=petition.version + 1)
    assert response.status_code == 409
    assert "核对" in response.content.decode()


def test_the_event_names_the_organisation_whose_post_decides(stage: Stage) -> None:
    give_post(stage, "secretary", Role.GROUP_LEADER, "group", is_deputy=True)
    petition = stage.at(Status.SUBMITTED)
    post(stage, petition, Verb.ACCEPT)
    assert latest_event(petition).acting_for == stage.town.orgs["branch"]
