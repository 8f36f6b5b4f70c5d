"""To which organisation a post makes a user belong."""

from __future__ import annotations

import pytest

from petitions.separation_of_duties import belongs_to
from tests.support.cast import Stage


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("secretary", {"branch"}),
        ("leader", {"group", "branch"}),
        ("member", {"group", "branch"}),
        ("clerk", {"yingbin"}),
        ("community", {"yingbin"}),
        ("official", {"fuxin"}),
        ("partner", set()),
    ],
)
def test_a_group_belongs_to_its_branch_and_no_other_body_to_the_one_above(
    stage: Stage, who: str, names: set[str]
) -> None:
    scope = stage.cast[who].scope
    found = {name for name, row in stage.town.orgs.items() if belongs_to(scope, row.pk)}
    assert found == names
    assert not belongs_to(scope, None)
