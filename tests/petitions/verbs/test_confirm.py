from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestConfirm(VerbQuestions):
    verb = Verb.CONFIRM
    source, target = Status.RESOLVED, Status.CLOSED
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    elsewhere = Status.IN_PROGRESS
    sent = {"rating": "4"}
    told = {K.CLOSED: {"secretary"}}

    def test_the_rating_is_kept_as_given_by_phone(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        said = petition.feedback.get()
        assert (said.solved, said.rating, said.is_by_phone) == ("yes", 4, True)

    def test_without_a_rating_it_works_as_well(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"version": petition.version})
        assert answer.status_code == 302
