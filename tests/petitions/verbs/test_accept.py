from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestAccept(VerbQuestions):
    verb = Verb.ACCEPT
    source, target = Status.SUBMITTED, Status.ACCEPTED
    is_at_once = True

    def test_whoever_filed_it_is_told(self, stage: Stage) -> None:
        petition = stage.file(by="clerk").petition
        login(stage, self.by).post(self.url(petition), {"version": petition.version})
        assert self.last(petition).verb == Verb.ACCEPT

    def test_a_button_without_the_version_does_nothing(self, stage: Stage) -> None:
        petition = self.bring(stage)
        assert login(stage, self.by).post(self.url(petition)).status_code == 400

    def test_a_stale_button_says_so_on_the_case(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"version": petition.version + 1})
        assert answer.status_code == 409
        assert "核对" in answer.content.decode()
