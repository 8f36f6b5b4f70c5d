from __future__ import annotations

from typing import Any

import pytest

from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from tests.support.cast import PHONE, Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestReveal(VerbQuestions):
    verb = Verb.REVEAL
    source = Status.IN_PROGRESS
    wrong = "leader"
    sent = {"reason": "约定上门时间"}

    def misplaced(self, stage: Stage) -> Petition:
        return stage.at(self.source, reach=ContactDetails())

    def test_it_works(self, stage: Stage) -> None:
        _petition, answer = self.done(stage)
        assert answer.status_code == 200
        assert PHONE in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]

    def test_it_is_shown_only_once(self, stage: Stage) -> None:
        petition = self.bring(stage)
        client = login(stage, self.by)
        client.post(self.url(petition), self.data(stage, petition))
        for address in (self.url(petition), petition.get_absolute_url()):
            assert PHONE not in client.get(address).content.decode()
        assert PHONE not in str(dict(client.session))

    def test_without_a_reason_it_stays_closed(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"reason": ""})
        assert answer.status_code == 400
        assert PHONE not in answer.content.decode()

    @pytest.mark.parametrize(("name", "status"), [("secretary", 409), ("clerk", 200)])
    def test_a_confidential_contact_is_the_coordinators(
        self, stage: Stage, name: str, status: int
    ) -> None:
        reach: dict[str, Any] = {"name": "示例居民", "phone": PHONE, "is_confidential": True}
        petition = stage.at(self.source, reach=ContactDetails(**reach))
        answer = login(stage, name).post(self.url(petition), self.data(stage, petition))
        assert answer.status_code == status
        assert (PHONE in answer.content.decode()) is (status == 200)
