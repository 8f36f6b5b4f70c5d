"""Who sees which case: one rule, tried with everybody against every kind of place and relation."""

from __future__ import annotations

import pytest

from petitions.enums import Status
from petitions.models import Petition
from tests.support.cast import Stage

EVERYBODY_OF_THE_PLACE = {
    *("clerk", "secretary", "deputy", "leader", "community", "official", "city", "partner")
}


def _seeing(stage: Stage) -> set[str]:
    return {name for name, user in stage.cast.items() if Petition.objects.visible_to(user).exists()}


def test_case_is_seen_along_its_own_line_only(stage: Stage) -> None:
    stage.file()
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE


def test_neighbouring_community_and_its_branch_see_their_own_only(stage: Stage) -> None:
    stage.file(place=stage.town.areas["b1"])
    assert _seeing(stage) == {"outsider", "sibling", "official", "city", "partner"}


def test_next_building_is_not_the_groups(stage: Stage) -> None:
    stage.file(place=stage.town.areas["b47"])
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE - {"leader"}


@pytest.mark.parametrize(
    ("about", "hidden"),
    [
        ("branch", {"partner", "secretary", "deputy", "leader"}),
        ("yingbin", {"partner", "secretary", "deputy", "leader", "clerk", "community"}),
        ("fuxin", {"partner", "secretary", "deputy", "leader", "clerk", "community", "official"}),
    ],
)
def test_case_about_an_organisation_is_hidden_from_it_and_all_below(
    stage: Stage, about: str, hidden: set[str]
) -> None:
    stage.file(about=stage.town.orgs[about])
    assert _seeing(stage) == EVERYBODY_OF_THE_PLACE - hidden


def test_handing_over_shows_the_case_to_those_named(stage: Stage) -> None:
    stage.at(Status.ASSIGNED)
    assert "member" not in _seeing(stage)
    assert "leader" in _seeing(stage)


@pytest.mark.parametrize("administrator", ["auditor", "sysadmin", "secadmin"])
def test_administrators_see_nothing(stage: Stage, administrator: str) -> None:
    stage.file()
    assert not Petition.objects.visible_to(stage.cast[administrator]).exists()


def test_search_and_counts_are_scoped_too(stage: Stage) -> None:
    stage.file()
    mine = Petition.objects.visible_to(stage.cast["clerk"])
    other = Petition.objects.visible_to(stage.cast["sibling"])
    for words in ("发浑", "浑", "花苑46", "水质"):
        assert mine.matching(words).count() == 1
        assert other.matching(words).count() == 0
    assert mine.matching("路灯").count() == 0


def test_number_finds_the_case(stage: Stage) -> None:
    petition = stage.file().petition
    mine = Petition.objects.visible_to(stage.cast["clerk"])
    assert mine.matching(petition.number).get() == petition
    assert Petition.objects.visible_to(stage.cast["sibling"]).matching(petition.number).count() == 0
