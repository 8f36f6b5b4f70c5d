"""What residents are told who may not ask for more work on a case."""

from __future__ import annotations

import pytest

from petitions import permissions
from petitions.enums import Status, Verb
from tests.support.cast import Stage


@pytest.mark.parametrize(
    ("status", "words", "untrue"),
    [(Status.DECLINED, "没有受理", "确认"), (Status.RESOLVED, "先对答复作出确认", "没有受理")],
)
def test_refusal_to_reopen_is_true_of_the_status(
    stage: Stage, status: Status, words: str, untrue: str
) -> None:
    petition = stage.at(status)
    decision = permissions.may(Verb.REOPEN, petition, stage.petitioner(petition))
    assert (decision.ok, decision.code) == (False, "wrong_state")
    assert words in decision.reason
    assert untrue not in decision.reason
