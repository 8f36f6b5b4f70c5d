"""The table of verbs, written a second time by hand from the rules of the field.

Other tests compare the product with its own table, so only this one notices a wrong row in it.
"""

from __future__ import annotations

import pytest

from petitions.enums import Actor, Status, TaskState, Verb
from petitions.states import (
    FINAL,
    NEXT_VERBS,
    OPEN,
    PLANNED_RULES,
    TASK_SOURCES,
    VERB_RULES,
    VerbRule,
)

# Verb: from which statuses; to which, "-" if it stays; by whom, the preferred actor first.
IN_WORK = "accepted assigned in_progress reopened"
RUNNING = f"submitted returned {IN_WORK}"
STAFF = "handler assignee coordinator supervisor department arbiter"
EXPECTED = {
    "file": ("", "submitted", "petitioner coordinator handler partner"),
    "accept": ("submitted", "accepted", "handler coordinator"),
    "decline": ("submitted", "declined", "handler coordinator"),
    "redirect": ("submitted accepted", "redirected", "handler coordinator"),
    "return": ("submitted accepted", "returned", "handler"),
    "dispatch": (IN_WORK, "assigned", "handler"),
    "start": ("accepted assigned reopened", "in_progress", "handler assignee"),
    "visit": (IN_WORK, "in_progress", "handler assignee"),
    "resolve": (IN_WORK, "resolved", "handler"),
    "note": (f"{RUNNING} suspended resolved", "-", STAFF),
    "photo": (f"{RUNNING} suspended resolved", "-", STAFF),
    "reveal": (f"{RUNNING} suspended resolved closed", "-", "handler coordinator"),
    "confirm": ("resolved", "closed", "petitioner coordinator"),
    "dispute": ("resolved", "reopened", "petitioner coordinator"),
    "rate": ("resolved closed", "-", "petitioner"),
    "close": ("resolved", "closed", "coordinator supervisor clock"),
    "reopen": ("resolved closed declined", "reopened", "petitioner coordinator supervisor"),
    "withdraw": (f"{RUNNING} resolved", "withdrawn", "petitioner coordinator"),
    "reassign": (RUNNING, "submitted", "arbiter coordinator supervisor clock"),
    "escalate": (RUNNING, "-", "handler coordinator clock"),
    "answer": (RUNNING, "-", "supervisor"),
    "remind": (f"{RUNNING} resolved", "-", "clock"),
    "reschedule": (f"{RUNNING} resolved", "-", "clock"),
    "ack": (RUNNING, "-", "department"),
    "conclude": (RUNNING, "-", "department"),
    "hand_back": (RUNNING, "-", "department"),
    "cancel": (RUNNING, "-", "orderer"),
    "send_again": (RUNNING, "-", "orderer"),
    "overdue": (RUNNING, "-", "clock"),
}
PLANNED = {
    "suspend": ("accepted assigned in_progress", "suspended"),
    "resume": ("suspended", "in_progress"),
    "merge": (f"{RUNNING} resolved", "merged"),
}
# While a case is returned, its arbiter decides and the clock passes it on.
WHEN_RETURNED = {"reassign": [Actor.ARBITER], "escalate": [Actor.CLOCK]}
FROM_AN_OLD_FORM = {"visit", "note", "photo", "rate", "reveal", "remind", "overdue", "reschedule"}
TASKS = {
    "ack": "sent",
    "conclude": "sent acknowledged",
    "hand_back": "sent acknowledged",
    "cancel": "sent acknowledged handed_back",
    "send_again": "done not_possible handed_back",
}
NEXT = {
    "submitted": "accept",
    "returned": "reassign",
    "accepted": "dispatch start",
    "reopened": "start visit",
    "assigned": "start visit",
    "in_progress": "resolve visit",
    "resolved": "confirm",
}


def test_every_verb_is_in_one_table() -> None:
    assert [rule.verb for rule in VERB_RULES if rule.verb not in EXPECTED] == []
    assert {*EXPECTED, *PLANNED} == set(Verb)


@pytest.mark.parametrize("rule", VERB_RULES, ids=lambda rule: rule.verb)
def test_row_of_a_verb(rule: VerbRule) -> None:
    sources, target, actors = EXPECTED[rule.verb]
    assert set(rule.sources) == set(sources.split())
    assert (rule.to or "-") == target
    assert list(rule.actors) == actors.split()
    assert rule.checks_version is (rule.verb not in FROM_AN_OLD_FORM)
    for status in Status:
        is_special = status == Status.RETURNED and rule.verb in WHEN_RETURNED
        expected = WHEN_RETURNED[rule.verb] if is_special else list(rule.actors)
        assert list(rule.actors_in(status)) == expected


@pytest.mark.parametrize("rule", PLANNED_RULES, ids=lambda rule: rule.verb)
def test_row_of_a_planned_verb(rule: VerbRule) -> None:
    sources, target = PLANNED[rule.verb]
    assert (set(rule.sources), rule.to) == (set(sources.split()), target)
    assert rule.actors == ()


def test_tasks_in_which_a_verb_is_possible() -> None:
    assert {verb: set(states) for verb, states in TASK_SOURCES.items()} == {
        verb: {TaskState(state) for state in states.split()} for verb, states in TASKS.items()
    }


def test_next_verbs_in_their_order() -> None:
    found = {status: " ".join(verbs) for status, verbs in NEXT_VERBS.items()}
    assert found == NEXT


def test_open_and_final_statuses() -> None:
    assert set(OPEN) == {*RUNNING.split(), "suspended", "resolved"}
    assert set(FINAL) == set(Status) - set(OPEN)
