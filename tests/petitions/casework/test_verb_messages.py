"""What staff read after a verb: a sentence of each verb, not its name and a general word."""

from __future__ import annotations

import re

import pytest

from petitions.casework.actions import url_of
from petitions.enums import Actor, Status, Verb
from petitions.verbs.spec import PageKind, VerbSpec
from petitions.verbs.table import SPEC_OF, VERB_SPECS
from tests.support.cast import Stage
from tests.support.clients import login

WITH_MESSAGE = [spec for spec in VERB_SPECS if spec.page in {PageKind.BUTTON, PageKind.FORM}]


@pytest.mark.parametrize("spec", WITH_MESSAGE, ids=lambda spec: spec.verb)
def test_every_verb_of_a_form_or_button_has_its_sentence(spec: VerbSpec) -> None:
    for words in filter(None, (spec, spec.explained)):
        assert re.fullmatch(r".+。", str(words.message))


def test_message_after_accepting_is_a_sentence(stage: Stage) -> None:
    petition, client = stage.at(Status.SUBMITTED), login(stage, "secretary")
    url = url_of(petition, SPEC_OF[Verb.ACCEPT])
    page = client.post(url, {"version": petition.version}, follow=True).content.decode()
    assert "已受理。" in page
    assert "已记录。" not in page


def test_clock_is_called_the_system() -> None:
    assert str(Actor.CLOCK.label) == "系统"
