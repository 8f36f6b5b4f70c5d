from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestDecline(VerbQuestions):
    verb = Verb.DECLINE
    source, target = Status.SUBMITTED, Status.DECLINED
    elsewhere = Status.ACCEPTED
    sent = {"reason": "不在本社区范围。", "way": "hotline"}

    def test_the_resident_reads_reason_and_way(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        note = petition.notes.get()
        assert note.is_public
        assert "不在本社区范围。" in note.body
        assert "12345" in note.body

    def test_another_way_must_be_named(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = self.data(stage, petition) | {"way": "other"}
        answer = login(stage, self.by).post(self.url(petition), data)
        assert answer.status_code == 400
        assert "不在本社区范围。" in answer.content.decode()
