from __future__ import annotations

from petitions.enums import Verb
from tests.support.cast import Stage
from tests.support.verb_cases import latest_event, perform


def test_the_proposed_owner_is_stored(stage: Stage) -> None:
    event = latest_event(perform(stage, Verb.RETURN))
    assert event.data["proposed"] == stage.town.orgs["water"].pk
