"""The next verb of a case: one order for lists and for the buttons of the case page."""

from __future__ import annotations

import pytest

from petitions.enums import Status, Verb
from petitions.rules import duties
from petitions.states import NEXT_VERBS, RULE_OF, TASK_SOURCES
from petitions.verbs.table import primary_verbs
from tests.support import task_steps
from tests.support.cast import Stage


@pytest.mark.parametrize("status", NEXT_VERBS)
def test_the_buttons_of_the_case_page_begin_with_the_next_verb(status: Status) -> None:
    verbs = NEXT_VERBS[status]
    first = {Verb.ANSWER, *TASK_SOURCES}  # of those who owe an answer or a task
    buttons = [verb for verb in primary_verbs(status) if verb not in first]
    assert buttons[0] == verbs[0]
    assert [verb for verb in buttons if verb in verbs] == [
        verb for verb in verbs if verb in buttons
    ]


@pytest.mark.parametrize("status", NEXT_VERBS)
def test_a_next_verb_is_possible_in_its_status(status: Status) -> None:
    assert all(status in RULE_OF[verb].sources for verb in NEXT_VERBS[status])


def test_next_verb_of_a_department(stage: Stage) -> None:
    department = stage.cast["department"]
    assert duties.next_verb(task_steps.ordered(stage), department) == Verb.ACKNOWLEDGE
    assert duties.next_verb(task_steps.acknowledged(stage), department) == Verb.CONCLUDE
    assert duties.next_verb(task_steps.concluded(stage), department) is None


@pytest.mark.parametrize(
    ("status", "who", "verb"),
    [
        (Status.SUBMITTED, "secretary", Verb.ACCEPT),
        (Status.RETURNED, "community", Verb.REASSIGN),
        (Status.REOPENED, "secretary", Verb.START),
        (Status.RESOLVED, "secretary", None),
        (Status.SUBMITTED, "outsider", None),
    ],
)
def test_next_verb_of_a_user(stage: Stage, status: Status, who: str, verb: Verb | None) -> None:
    assert duties.next_verb(stage.at(status), stage.cast[who]) == verb
