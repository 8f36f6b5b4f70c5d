"""How often a case can be returned: twice, by the rules of the field."""

from __future__ import annotations

import pytest

from petitions import permissions
from petitions.enums import Status, Verb
from tests.support.cast import Stage


@pytest.mark.parametrize(
    ("returns", "code"),
    [(0, ""), (1, ""), (2, "too_many_returns"), (3, "too_many_returns")],
)
def test_twice(stage: Stage, returns: int, code: str) -> None:
    petition = stage.at(Status.SUBMITTED)
    petition.returns = returns
    assert permissions.may(Verb.RETURN, petition, stage.cast["secretary"]).code == code
