"""Whose head can supervise a case: the organisations above whose head has no part in it."""

from __future__ import annotations

from members.enums import Role
from petitions.models import Event
from petitions.workflow import escalation
from tests.support.cast import Stage
from tests.support.returned_cases import NOON, case_of, give_post


def test_a_head_who_belongs_to_the_organisation_complained_about_is_passed_over(
    stage: Stage,
) -> None:
    orgs = stage.town.orgs
    petition = case_of(stage, "yingbin", about=orgs["branch"])
    give_post(stage, "official", Role.MEMBER, "branch")
    petition = escalation.escalate(
        petition=petition, by=stage.cast["community"], now=NOON, reason="要上级协调"
    )
    assert petition.supervisor == orgs["city"]
    event = Event.objects.get(petition=petition, version=petition.version)
    assert event.data["skipped"] == [orgs["fuxin"].pk]
