from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.verb_cases import VerbQuestions


class TestStart(VerbQuestions):
    verb = Verb.START
    source, target = Status.ACCEPTED, Status.IN_PROGRESS
    is_at_once = True
