"""Who may open a confidential contact sees the case; residents and staff are told who it is."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from branches.enums import OpenCases, OrgKind, OrgLevel
from branches.models import Responsibility
from branches.workflow import (
    NewOrganisation,
    NewResponsibility,
    add_organisations,
    assign_all,
    end_responsibility,
)
from config.lib import register_cache
from grids.enums import AreaKind, Level
from grids.workflow import NewArea, add_areas
from members.models import User
from petitions import confidential_contacts, permissions
from petitions.enums import Verb
from petitions.models import Petition
from petitions.rules import confidentiality
from petitions.rules.contacts import ContactDetails
from petitions.workflow import handling, rerouting
from tests.support.cast import PHONE, SINCE, Stage
from tests.support.returned_cases import case_of, may
from tests.support.tracking_client import open_case, post_form

NOW = timezone.now()
CONFIDENTIAL = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
USUAL = ContactDetails(name="示例居民", phone=PHONE)


def _fresh(stage: Stage, name: str) -> User:
    return User.objects.get(pk=stage.cast[name].pk)


def _given(stage: Stage, petition: Petition, *organisations: str, by: str = "official") -> Petition:
    """Return the case after somebody gave it to organisations, one after the other."""
    for organisation in organisations:
        petition = rerouting.reassign(
            petition=petition,
            by=_fresh(stage, by),
            now=NOW,
            organisation=stage.town.orgs[organisation],
            reason="由它办理",
        )
    return Petition.objects.get(pk=petition.pk)


def _openers(stage: Stage, petition: Petition) -> set[str]:
    names = ("secretary", "clerk", "community", "official", "sibling", "outsider", "city")
    return {name for name in names if permissions.may(Verb.REVEAL, petition, _fresh(stage, name))}


def _handled_by(stage: Stage, organisation: str) -> Petition:
    """Return a confidential case at building 46 that an organisation handles, not stored so."""
    petition = Petition.objects.get(pk=stage.file(contact=CONFIDENTIAL).petition.pk)
    petition.organisation = stage.town.orgs[organisation]
    return petition


def _other_subdistrict(stage: Stage) -> None:
    """Add a subdistrict with a community, and a branch in it that answers for a grid."""
    area = stage.town.areas
    area |= add_areas(
        areas=[
            NewArea(
                key="east",
                parent=area["city"],
                level=Level.SUBDISTRICT,
                kind=AreaKind.SUBDISTRICT,
                name="城东街道",
            ),
            NewArea(
                key="lane",
                parent="east",
                level=Level.COMMUNITY,
                kind=AreaKind.COMMUNITY,
                name="东巷社区",
            ),
        ],
        on=SINCE,
    )
    rows = (
        ("east", "city", OrgLevel.SUBDISTRICT, OrgKind.WORKING_COMMITTEE, "城东街道党工委"),
        ("lane", "east", OrgLevel.COMMUNITY, OrgKind.GENERAL_BRANCH, "东巷社区党总支"),
        ("far", "lane", OrgLevel.BRANCH, OrgKind.FORMAL, "东巷网格党支部"),
    )
    orgs = stage.town.orgs
    for key, parent, level, kind, name in rows:
        place = area["lane" if key == "far" else key]
        new = NewOrganisation(
            key=key,
            parent=orgs[parent],
            level=level,
            kind=kind,
            area=place,
            name=name,
            short_name=name,
        )
        orgs |= add_organisations(organisations=[new], on=SINCE)
    served = [NewResponsibility(organisation=orgs[k], area=area[k]) for k in ("east", "lane")]
    assign_all(responsibilities=served, on=SINCE)
    register_cache.forget_version()


def test_the_keeper_answers_for_the_place(stage: Stage) -> None:
    """A branch of 大桥 handles it: the people of 大桥 do not see a case at building 46."""
    petition = _given(stage, stage.file(contact=CONFIDENTIAL).petition, "other")
    sibling = _fresh(stage, "sibling")
    assert not Petition.objects.visible_to(sibling).filter(pk=petition.pk).exists()
    keeper = confidential_contacts.authorised_organisation(petition)
    assert keeper == stage.town.orgs["fuxin"]
    assert "只有阜新街道党工委能打开" in confidentiality.sentence_of(petition)
    refusal = may(Verb.REVEAL, petition, stage.cast["clerk"])
    assert "阜新街道党工委" in refusal.reason
    assert "大桥" not in refusal.reason
    # The official gave it there, so that another person of the subdistrict has to open it.
    assert _openers(stage, petition) == set()


def test_without_a_parent_at_the_place_those_above_the_place_keep_it(stage: Stage) -> None:
    _other_subdistrict(stage)
    petition = _handled_by(stage, "far")
    keeper = confidential_contacts.authorised_organisation(petition)
    assert keeper == stage.town.orgs["yingbin"]
    assert _openers(stage, petition) == {"clerk", "community"}


def test_a_community_of_another_place_has_the_subdistrict_of_the_place(stage: Stage) -> None:
    _other_subdistrict(stage)
    petition = _handled_by(stage, "lane")
    keeper = confidential_contacts.authorised_organisation(petition)
    assert keeper == stage.town.orgs["fuxin"]
    assert _openers(stage, petition) == {"official"}


def test_a_parent_that_left_the_place_keeps_nothing(stage: Stage) -> None:
    petition = stage.file(contact=CONFIDENTIAL).petition
    row = Responsibility.objects.get(organisation=stage.town.orgs["yingbin"])
    day = timezone.localdate() - dt.timedelta(days=1)
    end_responsibility(responsibility=row, on=day, open_cases=OpenCases.STAY)
    register_cache.forget_version()
    assert _openers(stage, Petition.objects.get(pk=petition.pk)) == {"official"}
    assert "只有阜新街道党工委能打开" in confidentiality.sentence_of(petition)


def _returned_to_branch(stage: Stage, *handlers: str) -> Petition:
    """Return a case of the branch that organisations above it handled before."""
    petition = case_of(stage, "yingbin", contact=USUAL)
    petition = handling.accept(petition=petition, by=_fresh(stage, "clerk"), now=NOW)
    petition = _given(stage, petition, *handlers)
    by = "official"
    if handlers:  # the subdistrict asks the city to decide
        returned = {"now": NOW, "reason": "不归我管"}
        rerouting.return_(petition=petition, by=_fresh(stage, "official"), **returned)
        by = "city"
    return _given(stage, petition, "branch", by=by)


def test_the_form_names_who_can_open_the_contact_of_this_case(stage: Stage) -> None:
    petition = _returned_to_branch(stage)
    client = Client()
    page = open_case(client, petition)
    assert "第三网格党支部打不开您的联系方式，只有阜新街道党工委能打开" in page
    fields = {"phone": "1", "is_confidential": "on"}
    refused = post_form(client, "/track/contact/", fields).content.decode()
    assert "只有阜新街道党工委能打开" in refused
    post_form(client, "/track/contact/", {"phone": PHONE, "is_confidential": "on"})
    petition = Petition.objects.get(pk=petition.pk)
    assert petition.contact.is_confidential
    assert _openers(stage, petition) <= {"official"}


@pytest.mark.parametrize("ticked", [False, True])
def test_nobody_is_named_where_everybody_above_handled_it(stage: Stage, ticked: bool) -> None:
    """The people of the community are below the subdistrict, which handled the case as well."""
    petition = _returned_to_branch(stage, "fuxin")
    client = Client()
    page = open_case(client, petition)
    assert "第三网格党支部和别的组织都打不开您的联系方式" in page
    if ticked:
        post_form(client, "/track/contact/", {"phone": PHONE, "is_confidential": "on"})
        petition = Petition.objects.get(pk=petition.pk)
        assert _openers(stage, petition) == set()
        assert "别的组织也打不开" in client.get("/track/case/").content.decode()
