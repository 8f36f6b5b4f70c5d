from __future__ import annotations

from typing import Any

import pytest

from petitions.enums import Status, Verb
from petitions.rules.contacts import ContactDetails
from tests.support.cast import PHONE, Stage
from tests.support.clients import login
from tests.support.verb_cases import CASE_OF, post, url_of


def test_the_contact_is_shown_and_not_cached(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL)
    assert response.status_code == 200
    assert PHONE in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_contact_is_shown_only_once(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    client, url = login(stage, "secretary"), url_of(petition, Verb.REVEAL)
    assert PHONE in client.post(url, {"reason": "约定上门时间"}).content.decode()
    for address in (url, petition.get_absolute_url()):
        assert PHONE not in client.get(address).content.decode()
    assert PHONE not in str(dict(client.session))


def test_a_reason_is_required(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL, reason="")
    assert response.status_code == 400
    assert PHONE not in response.content.decode()


@pytest.mark.parametrize(("name", "status"), [("secretary", 409), ("clerk", 200)])
def test_only_the_coordinator_opens_a_confidential_contact(
    stage: Stage, name: str, status: int
) -> None:
    reach: dict[str, Any] = {"name": "示例居民", "phone": PHONE, "is_confidential": True}
    petition = stage.at(Status.IN_PROGRESS, contact=ContactDetails(**reach))
    data = CASE_OF[Verb.REVEAL].form_data(stage, petition)
    response = login(stage, name).post(url_of(petition, Verb.REVEAL), data)
    assert response.status_code == status
    assert (PHONE in response.content.decode()) is (status == 200)
