"""An organisation that opened a confidential contact does not become responsible for the case."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from petitions import confidential_contacts
from petitions.api.base import etag
from petitions.enums import Verb
from petitions.models import Contact, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, rerouting
from petitions.workflow.transitions import WrongState
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage
from tests.support.clients import counted, login
from tests.support.returned_cases import give_post, may

CONFIDENTIAL = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
NOW = timezone.now()
YESTERDAY = timezone.localdate() - dt.timedelta(days=1)


def _fresh(stage: Stage, name: str) -> User:
    return User.objects.get(pk=stage.cast[name].pk)


def _opened(stage: Stage, details: ContactDetails = CONFIDENTIAL) -> Petition:
    """Return a case of the branch whose contact the community opened."""
    petition = stage.file(contact=details).petition
    contact.reveal(petition=petition, by=_fresh(stage, "clerk"), now=NOW, reason="核实情况")
    return Petition.objects.get(pk=petition.pk)


def _give(stage: Stage, petition: Petition, by: str, organisation: str) -> Petition:
    return rerouting.reassign(
        petition=petition,
        by=_fresh(stage, by),
        now=NOW,
        organisation=stage.town.orgs[organisation],
        reason="由它办理",
    )


@pytest.mark.parametrize("by", ["clerk", "community", "official"])
def test_who_opened_the_contact_does_not_take_the_case(stage: Stage, by: str) -> None:
    petition = _opened(stage)
    with pytest.raises(
        WrongState, match="迎宾路社区党委有人打开过居民要求保密的联系方式"
    ) as refused:
        _give(stage, petition, by, "yingbin")
    assert refused.value.code == "knows_contact"
    petition.refresh_from_db()
    assert petition.organisation == stage.town.orgs["branch"]


def test_the_api_refuses_the_moment(stage: Stage) -> None:
    petition = _opened(stage)
    body = {"organisation": stage.town.orgs["yingbin"].pk, "reason": "由社区办理"}
    answer = Program(stage.cast["official"]).post(
        f"/petitions/{petition.pk}/reassign/", body, if_match=etag(petition)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "knows_contact")


def test_others_can_take_the_case(stage: Stage) -> None:
    petition = _give(stage, _opened(stage), "official", "daqiao")
    assert petition.organisation == stage.town.orgs["daqiao"]


def test_without_secrecy_the_organisation_may_take_the_case(stage: Stage) -> None:
    open_contact = ContactDetails(name="示例居民", phone=PHONE)
    petition = _give(stage, _opened(stage, open_contact), "official", "yingbin")
    assert petition.organisation == stage.town.orgs["yingbin"]


def test_a_contact_that_nobody_opened_hinders_nobody(stage: Stage) -> None:
    petition = _give(stage, stage.file(contact=CONFIDENTIAL).petition, "official", "yingbin")
    assert petition.organisation == stage.town.orgs["yingbin"]


def test_organisations_in_which_the_same_people_sit_know_it_as_well(stage: Stage) -> None:
    petition = _opened(stage)
    give_post(stage, "clerk", Role.BRANCH_SECRETARY, "other", is_deputy=True)
    post = Post.objects.get(user=stage.cast["clerk"], organisation=stage.town.orgs["other"])
    with pytest.raises(WrongState, match="大桥第一网格党支部有人打开过"):
        _give(stage, petition, "official", "other")
    Post.objects.filter(pk=post.pk).update(
        valid_from=YESTERDAY - dt.timedelta(days=9),
        valid_to=YESTERDAY,
        rights_until=YESTERDAY,
    )
    petition = _give(stage, petition, "official", "other")  # the post ended before the report
    assert petition.organisation == stage.town.orgs["other"]


def test_an_arbiter_may_leave_the_case_where_it_is(stage: Stage) -> None:
    petition = _opened(stage)
    petition = rerouting.return_(
        petition=petition, by=_fresh(stage, "secretary"), now=NOW, reason="不归我管"
    )
    with pytest.raises(WrongState, match="打开过"):
        _give(stage, petition, "clerk", "yingbin")
    petition = _give(stage, Petition.objects.get(pk=petition.pk), "clerk", "branch")
    assert petition.is_route_final


def test_the_form_does_not_offer_the_organisation(stage: Stage) -> None:
    petition = _opened(stage)
    page = login(stage, "official").get(f"{petition.get_absolute_url()}reassign/").content.decode()
    orgs = stage.town.orgs
    assert f'value="{orgs["daqiao"].pk}"' in page
    assert f'value="{orgs["yingbin"].pk}"' not in page
    Contact.objects.filter(petition=petition).update(is_confidential=False)
    page = login(stage, "official").get(f"{petition.get_absolute_url()}reassign/").content.decode()
    assert f'value="{orgs["yingbin"].pk}"' in page


def test_workers_and_openings_are_read_by_one_query(stage: Stage) -> None:
    petition = Petition.objects.select_related("contact", "organisation").get(
        pk=stage.file(contact=CONFIDENTIAL).petition.pk
    )
    assert may(Verb.REVEAL, petition, stage.cast["clerk"])  # the caches are warm
    with counted() as queries:
        assert not confidential_contacts.knowing_organisation_ids(petition)
        assert confidential_contacts.authorised_organisation(petition)
    assert len(queries) == 1
