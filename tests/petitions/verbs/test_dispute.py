from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import VerbQuestions


class TestDispute(VerbQuestions):
    verb = Verb.DISPUTE
    source, target = Status.RESOLVED, Status.REOPENED
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    elsewhere = Status.IN_PROGRESS
    sent = {"reason": "还是浑", "is_partly": "on"}
    told = {K.REOPENED: {"secretary"}}

    def test_partly_is_kept_as_partly(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert petition.feedback.get().solved == "partly"
