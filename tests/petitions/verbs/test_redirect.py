from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import VerbQuestions


class TestRedirect(VerbQuestions):
    verb = Verb.REDIRECT
    source, target = Status.ACCEPTED, Status.REDIRECTED
    sent = {"reason": "属于民事纠纷。", "way": "other", "other_way": "请联系人民调解委员会"}

    def test_the_resident_reads_the_way(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert petition.notes.get().body == "属于民事纠纷。\n请联系人民调解委员会"
