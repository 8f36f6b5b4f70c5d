"""The names of yes and no depend on whether something was done or explained."""

from __future__ import annotations

import pytest

from petitions.enums import Outcome, Status, Verb
from petitions.models import Petition
from petitions.rules import answer_question

RESOLVED = {"status": Status.RESOLVED, "outcome": Outcome.RESOLVED}
EXPLAINED = {"status": Status.RESOLVED, "outcome": Outcome.NOT_FEASIBLE}


@pytest.mark.parametrize(
    ("case", "verb", "label"),
    [
        (RESOLVED, Verb.CONFIRM, str(Verb.CONFIRM.label)),
        (RESOLVED, Verb.DISPUTE, str(Verb.DISPUTE.label)),
        (EXPLAINED, Verb.CONFIRM, "接受说明"),
        (EXPLAINED, Verb.DISPUTE, "不接受说明"),
        (EXPLAINED, Verb.NOTE, str(Verb.NOTE.label)),
    ],
)
def test_label(case: dict[str, str], verb: Verb, label: str) -> None:
    assert answer_question.verb_label(verb, Petition(**case)) == label
