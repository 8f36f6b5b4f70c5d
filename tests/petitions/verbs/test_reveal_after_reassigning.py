"""Who gave a case to another organisation does not open its confidential contact by it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from members.enums import Role
from petitions.enums import Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import rerouting
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage
from tests.support.returned_cases import give_post, may
from tests.support.verb_cases import CASE_OF

CONFIDENTIAL = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)


def _who_opens(stage: Stage, petition: Petition) -> set[str]:
    openers = set()
    for name in ("secretary", "clerk", "community", "official", "city"):
        body, client = CASE_OF[Verb.REVEAL].body, Program(stage.cast[name])
        if PHONE in client.post(f"/petitions/{petition.pk}/reveal/", body).content.decode():
            openers.add(name)
    return openers


def _give(stage: Stage, petition: Petition, by: str, organisation: str) -> Petition:
    return rerouting.reassign(
        petition=petition,
        by=stage.cast[by],
        now=timezone.now(),
        organisation=stage.town.orgs[organisation],
        reason="由它办理",
    )


@pytest.mark.parametrize("steps", [("yingbin",), ("other", "daqiao"), ("daqiao",)])
def test_who_gives_the_case_away_does_not_become_the_keeper_by_it(
    stage: Stage, steps: tuple[str, ...]
) -> None:
    """The community kept the contact; a colleague of who gave the case away may open it."""
    petition = stage.file(contact=CONFIDENTIAL).petition
    assert not may(Verb.REVEAL, petition, stage.cast["official"])
    assert may(Verb.REVEAL, petition, stage.cast["clerk"])
    for organisation in steps:
        petition = _give(stage, petition, "official", organisation)
    assert _who_opens(stage, petition) == set()
    give_post(stage, "city", Role.SUBDISTRICT_OFFICIAL, "fuxin")
    colleague = Program(stage.cast["city"])
    answer = colleague.post(f"/petitions/{petition.pk}/reveal/", CASE_OF[Verb.REVEAL].body)
    assert PHONE in answer.content.decode()


def test_who_was_the_keeper_before_giving_the_case_away_stays_it(stage: Stage) -> None:
    petition = stage.file(place=stage.town.areas["yingbin"], contact=CONFIDENTIAL).petition
    assert "official" in _who_opens(stage, petition)
    petition = _give(stage, petition, "official", "daqiao")
    assert "official" in _who_opens(stage, petition)
