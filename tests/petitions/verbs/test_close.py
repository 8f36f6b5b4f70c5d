from __future__ import annotations

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from tests.support.verb_cases import VerbQuestions


class TestClose(VerbQuestions):
    verb = Verb.CLOSE
    source, target = Status.RESOLVED, Status.CLOSED
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    elsewhere = Status.IN_PROGRESS
    sent = {"reason": "三次未接通"}
    told = {K.CLOSED: {"secretary"}}
