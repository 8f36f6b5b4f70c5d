from __future__ import annotations

from petitions.enums import Verb
from tests.support.cast import Stage
from tests.support.verb_cases import perform


def test_the_words_of_the_resident_are_stored(stage: Stage) -> None:
    assert perform(stage, Verb.WITHDRAW).notes.latest("pk").is_public
