from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import VerbQuestions


class TestEscalate(VerbQuestions):
    verb = Verb.ESCALATE
    source = Status.IN_PROGRESS
    wrong = "leader"
    sent = {"reason": "换立管需要资金"}
    told = {K.ESCALATED: {"community"}}

    def test_the_handler_stays_and_a_supervisor_joins(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert petition.organisation == stage.town.orgs["branch"]
        assert petition.supervisor == stage.town.orgs["yingbin"]
        assert petition.is_answer_owed
