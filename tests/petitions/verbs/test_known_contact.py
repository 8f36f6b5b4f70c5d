"""An organisation that opened a confidential contact does not become responsible for the case."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from branches.enums import OpenCases
from branches.models import Responsibility
from branches.workflow import end_responsibility
from config.lib import register_cache
from members.enums import Role
from members.models import Post, User
from petitions import confidential_contacts
from petitions.api.base import etag
from petitions.enums import Actor, Channel, Status, Verb
from petitions.models import Contact, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, handling, rerouting, resolution, responsibility_sweep
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage
from tests.support.clients import counted, login
from tests.support.returned_cases import give_post, may
from tests.support.tracking_client import open_case, post_form

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


def _end(stage: Stage, *names: str, on: dt.date = YESTERDAY) -> None:
    """End all responsibilities of organisations; the cases follow."""
    rows = Responsibility.objects.filter(organisation__in=[stage.town.orgs[n] for n in names])
    for row in rows:
        end_responsibility(responsibility=row, on=on, open_cases=OpenCases.FOLLOW)
    register_cache.forget_version()


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


def test_the_staff_who_logged_it_do_not_take_the_case(stage: Stage) -> None:
    petition = stage.file(by="clerk", channel=Channel.DESK, contact=CONFIDENTIAL).petition
    with pytest.raises(WrongState, match="迎宾路社区党委有人打开过居民要求保密的联系方式，或者"):
        _give(stage, petition, "official", "yingbin")
    page = login(stage, "official").get(f"{petition.get_absolute_url()}reassign/").content.decode()
    assert f'value="{stage.town.orgs["yingbin"].pk}"' not in page
    petition = _give(stage, petition, "official", "daqiao")
    assert petition.organisation == stage.town.orgs["daqiao"]


def test_a_case_does_not_follow_to_who_knows_the_contact(stage: Stage) -> None:
    petition, other = _opened(stage), stage.file(contact=CONFIDENTIAL).petition
    _end(stage, "branch", on=timezone.localdate())
    assert responsibility_sweep.move_due(now=NOW + dt.timedelta(days=1)) >= 2
    for case, organisation in ((petition, "fuxin"), (other, "yingbin")):
        case.refresh_from_db()
        assert case.organisation == stage.town.orgs[organisation]
    assert "更近的组织有人看过，不能由它办理" in petition.route_text
    assert "由其兜底" in other.route_text


def test_a_disputed_case_does_not_go_to_who_knows_the_contact(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, contact=CONFIDENTIAL)
    contact.reveal(petition=petition, by=_fresh(stage, "clerk"), now=NOW, reason="核实情况")
    _end(stage, "branch")
    petition = resolution.dispute(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.petitioner(petition),
        now=NOW,
        reason="没好",
    )
    assert petition.organisation == stage.town.orgs["fuxin"]


def test_the_resident_reads_it_where_only_who_knows_the_contact_is_left(stage: Stage) -> None:
    petition = _opened(stage)
    _end(stage, "fuxin", "city")
    _end(stage, "branch", on=timezone.localdate())
    responsibility_sweep.move_due(now=NOW + dt.timedelta(days=1))
    petition.refresh_from_db()
    assert petition.organisation == stage.town.orgs["yingbin"]
    page = open_case(Client(), petition)
    assert "迎宾路社区党委打开过" in page
    assert "由迎宾路社区党委办理，它有人已经看过您的联系方式" in page
    assert "它打不开您的联系方式" not in page


@pytest.mark.parametrize("is_opened", [True, False])
def test_a_handler_who_saw_the_contact_before_it_was_kept_is_named(
    stage: Stage, is_opened: bool
) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    if is_opened:
        contact.reveal(petition=petition, by=_fresh(stage, "secretary"), now=NOW, reason="核实情况")
    client = Client()
    page = open_case(client, petition)
    assert ("勾上以后：第三网格党支部有人已经看过您的联系方式" in page) is is_opened
    post_form(client, "/track/contact/", {"phone": PHONE, "is_confidential": "on"})
    page = client.get("/track/case/").content.decode()
    assert ("由第三网格党支部办理，它有人已经看过您的联系方式" in page) is is_opened
    assert ("它打不开您的联系方式" in page) is not is_opened


def test_a_handler_who_logged_the_case_is_named(stage: Stage) -> None:
    place = stage.town.areas["yingbin"]
    petition = stage.file(
        by="clerk", channel=Channel.DESK, place=place, contact=CONFIDENTIAL
    ).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    page = open_case(Client(), petition)
    assert "由迎宾路社区党委办理，它有人已经看过您的联系方式" in page


def test_who_opened_it_and_joins_the_handling_organisation_does_not_work_on_it(
    stage: Stage,
) -> None:
    petition = _opened(stage)
    give_post(stage, "clerk", Role.BRANCH_SECRETARY, "branch", is_deputy=True)
    give_post(stage, "community", Role.BRANCH_SECRETARY, "branch", is_deputy=True)
    assert may(Verb.ACCEPT, petition, stage.cast["clerk"]).actor == Actor.COORDINATOR
    petition = handling.accept(petition=petition, by=_fresh(stage, "secretary"), now=NOW)
    with pytest.raises(NotPermitted, match="请本组织的其他人办理") as refused:
        handling.start(petition=petition, by=_fresh(stage, "clerk"), now=NOW)
    assert refused.value.code == "opened_contact"
    petition = Petition.objects.get(pk=petition.pk)
    assert may(Verb.NOTE, petition, stage.cast["clerk"])  # as coordinator of the place
    assert may(Verb.START, petition, stage.cast["community"])  # opened nothing
    Contact.objects.filter(petition=petition).update(is_confidential=False)
    assert may(Verb.START, Petition.objects.get(pk=petition.pk), stage.cast["clerk"])
