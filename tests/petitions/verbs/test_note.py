from __future__ import annotations

import pytest

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestNote(VerbQuestions):
    verb = Verb.NOTE
    source = Status.IN_PROGRESS
    by, actor, wrong = "clerk", Actor.COORDINATOR, "city"
    sent = {"body": "已联系供水公司"}
    told = {K.NOTE: {"secretary"}}

    @pytest.mark.parametrize("is_public", [True, False])
    def test_it_is_internal_unless_said_otherwise(self, stage: Stage, is_public: bool) -> None:
        petition = self.bring(stage)
        data = {"body": "已联系"} | ({"is_public": "on"} if is_public else {})
        client = login(stage, self.by)
        client.post(self.url(petition), data)
        assert petition.notes.latest("pk").is_public is is_public
        page = client.get(petition.get_absolute_url()).content.decode()
        assert ("timeline__item--internal" in page) is not is_public

    def test_an_empty_note_is_refused_at_the_field(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"body": " "})
        assert answer.status_code == 400
        assert 'href="#id_body"' in answer.content.decode()
