"""The organisations for which a user acts: those of the posts that are more than a membership."""

from __future__ import annotations

import pytest

from members.enums import Role
from petitions import involvement
from tests.support.cast import Stage
from tests.support.returned_cases import give_post


@pytest.mark.parametrize(
    ("who", "names"),
    [("secretary", ["branch"]), ("clerk", ["yingbin"]), ("member", []), ("partner", [])],
)
def test_membership_and_post_without_organisation_do_not_count(
    stage: Stage, who: str, names: list[str]
) -> None:
    expected = [stage.town.orgs[name].pk for name in names]
    assert involvement.own_organisations(stage.cast[who].scope) == expected


def test_every_post_counts(stage: Stage) -> None:
    give_post(stage, "secretary", Role.GROUP_LEADER, "group", is_deputy=True)
    expected = sorted(stage.town.orgs[name].pk for name in ("branch", "group"))
    assert involvement.own_organisations(stage.cast["secretary"].scope) == expected
