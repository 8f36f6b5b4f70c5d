from __future__ import annotations

from petitions.enums import Verb
from tests.support.cast import Stage
from tests.support.verb_cases import perform


def test_the_handler_stays_and_a_supervisor_joins(stage: Stage) -> None:
    petition = perform(stage, Verb.ESCALATE)
    assert petition.organisation == stage.town.orgs["branch"]
    assert petition.supervisor == stage.town.orgs["yingbin"]
    assert petition.is_answer_owed
