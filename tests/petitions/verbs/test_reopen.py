from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.verb_cases import VerbQuestions


class TestReopen(VerbQuestions):
    verb = Verb.REOPEN
    source, target = Status.CLOSED, Status.REOPENED
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    elsewhere = Status.IN_PROGRESS
    sent = {"reason": "又发浑了"}
    told = {K.REOPENED: {"secretary"}}
