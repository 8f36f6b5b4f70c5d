from __future__ import annotations

import pytest

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import post


@pytest.mark.parametrize("is_public", [True, False])
def test_a_note_is_internal_unless_marked_as_public(stage: Stage, is_public: bool) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    post(
        stage, petition, Verb.NOTE, {"body": "已联系"} | ({"is_public": "on"} if is_public else {})
    )
    assert petition.notes.latest("pk").is_public is is_public
    page = login(stage, "clerk").get(petition.get_absolute_url()).content.decode()
    assert ("timeline__item--internal" in page) is not is_public


def test_an_empty_note_is_refused_at_the_field(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.NOTE, {"body": " "})
    assert response.status_code == 400
    assert 'href="#id_body"' in response.content.decode()
