from __future__ import annotations

from petitions.enums import Verb
from tests.support.cast import Stage
from tests.support.verb_cases import perform


def test_the_resident_reads_the_way(stage: Stage) -> None:
    note = perform(stage, Verb.REDIRECT).notes.get()
    assert note.body == "属于民事纠纷。\n请联系人民调解委员会"
