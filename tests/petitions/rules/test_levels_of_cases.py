"""The level of a case by the level of the organisation that has it."""

from __future__ import annotations

from django.utils import timezone

from branches.enums import ESCALATION_ORDER, OrgLevel
from petitions.enums import CaseLevel
from petitions.rules import routing
from petitions.workflow import escalation_chain
from tests.support.cast import Stage


def test_every_level_of_the_escalation_has_a_level_of_cases() -> None:
    levels = [routing.CASE_LEVEL[level] for level in ESCALATION_ORDER]
    assert levels == [
        CaseLevel.GRID,
        CaseLevel.GRID,
        CaseLevel.COMMUNITY,
        CaseLevel.SUBDISTRICT,
        CaseLevel.CITY,
    ]
    assert set(routing.CASE_LEVEL) == set(ESCALATION_ORDER)


def test_each_level_of_cases_belongs_to_one_organisation_level() -> None:
    assert list(escalation_chain.CASE_LEVELS) == list(escalation_chain.ORG_LEVEL_OF_CASE)
    assert list(escalation_chain.ORG_LEVEL_OF_CASE.values()) == [
        OrgLevel.BRANCH,
        OrgLevel.COMMUNITY,
        OrgLevel.SUBDISTRICT,
        OrgLevel.CITY,
    ]


def test_a_case_is_reassigned_to_three_levels_only() -> None:
    assert set(routing.OWNER_LEVELS) == {
        OrgLevel.SUBDISTRICT,
        OrgLevel.COMMUNITY,
        OrgLevel.BRANCH,
    }


def test_a_report_can_be_about_every_level_below_the_city_but_no_group(stage: Stage) -> None:
    place = routing.load_place(stage.town.building, timezone.localdate())
    found = place.organisations_below_city()
    assert found == tuple(stage.town.orgs[name] for name in ("branch", "yingbin", "fuxin"))
