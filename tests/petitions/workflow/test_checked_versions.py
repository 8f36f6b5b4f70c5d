"""Which verbs refuse a form that was opened before a decision."""

from __future__ import annotations

import pytest
from django.utils import timezone

from petitions.enums import Status, Verb
from petitions.workflow import case_store
from petitions.workflow.transitions import StaleVersion
from tests.support.cast import Stage


@pytest.mark.parametrize(("verb", "is_refused"), [(Verb.NOTE, False), (Verb.START, True)])
def test_only_verbs_that_check_versions_refuse_it(
    stage: Stage, verb: Verb, is_refused: bool
) -> None:
    petition = stage.at(Status.ACCEPTED)
    step = case_store.transition(
        petition,
        verb,
        by=stage.cast["secretary"],
        now=timezone.now(),
        expected_version=petition.version - 1,
    )
    if is_refused:
        with pytest.raises(StaleVersion), step:
            pass
    else:
        with step as change:
            change.add_note("好的", is_public=False)
