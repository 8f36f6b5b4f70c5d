from __future__ import annotations

from petitions.enums import Solved, Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import perform


def test_partly_solved_is_stored_as_partly(stage: Stage) -> None:
    assert perform(stage, Verb.DISPUTE).feedback.get().solved == "partly"


def test_a_plain_dispute_says_that_nothing_is_solved(stage: Stage) -> None:
    assert stage.at(Status.REOPENED).feedback.get().solved == Solved.NO
