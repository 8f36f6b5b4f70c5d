from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import VerbQuestions


class TestWithdraw(VerbQuestions):
    verb = Verb.WITHDRAW
    source, target = Status.IN_PROGRESS, Status.WITHDRAWN
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    elsewhere = Status.CLOSED
    sent = {"reason": "居民来电说不用办了"}
    told = {K.CLOSED: {"secretary"}}

    def test_the_words_are_kept(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert petition.notes.latest("pk").is_public
