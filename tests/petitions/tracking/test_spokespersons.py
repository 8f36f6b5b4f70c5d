"""Only the resident, or staff who did not handle the case, say whether a case is solved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from members.enums import SecurityAction
from members.models import SecurityEvent, User
from petitions import permissions
from petitions.actors import Petitioner
from petitions.enums import Actor, Outcome, Status, Verb
from petitions.models import Category, Contact, Event, Feedback, Petition
from petitions.rules import tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.tracking import pages
from petitions.workflow import handling, rerouting, resolution, transitions
from tests.support.cast import PHONE, Stage, walk
from tests.support.clients import login
from tests.support.tracking_client import code_of, enter_code, open_case, post_form, send_feedback

NOW = timezone.now()
WITHOUT_PHONE = ContactDetails(name="示例居民")
PATHS = ("/track/confirm/", "/track/dispute/", "/track/rate/", "/track/withdraw/")


def logged_at_desk(stage: Stage, contact: ContactDetails) -> Petition:
    """Return a resolved case that the branch secretary logged for a resident."""
    petition = stage.file(by="secretary", contact=contact, now=NOW).petition
    return walk(stage, petition, Status.RESOLVED, NOW)


@pytest.mark.parametrize("name", ["secretary", "clerk", "auditor"])
def test_a_staff_session_does_not_open_the_tracking_page(stage: Stage, name: str) -> None:
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    client = login(stage, name)
    answer = enter_code(client, code_of(petition), "")
    assert answer.status_code == 403
    assert "请先退出" in answer.content.decode()
    page = client.get("/track/").content.decode()
    assert "请先退出" in page
    assert "data-code-form" not in page


@pytest.mark.parametrize("path", PATHS)
def test_a_case_opened_before_the_log_in_is_closed_to_staff(stage: Stage, path: str) -> None:
    petition = logged_at_desk(stage, ContactDetails(phone=PHONE))
    client = Client()
    open_case(client, petition)
    client.force_login(stage.cast["secretary"])
    answer = client.post(path, {"version": petition.version, "rating": 5, "reason": "好"})
    assert answer.status_code == 403
    assert client.get("/track/case/").status_code == 403
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED


@pytest.mark.parametrize("verb", ["confirm", "rate", "withdraw"])
def test_the_code_alone_does_not_speak_in_a_case_that_staff_logged(stage: Stage, verb: str) -> None:
    """The secretary knows the code from the slip and opens it on another device."""
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    client = Client()
    page = open_case(client, petition, "")
    assert "没有参与办理" in page
    assert "部分解决" in page
    assert 'action="/track/confirm/"' not in page
    send_feedback(client, verb, petition, rating=5)
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    said = Event.objects.filter(petition=petition, actor=Actor.PETITIONER).exclude(verb=Verb.FILE)
    assert not said.exists()
    for by in (Petitioner(petition.pk), stage.cast["secretary"]):
        assert not permissions.may(Verb.CONFIRM, petition, by)


def test_a_caller_who_did_not_handle_it_confirms(stage: Stage) -> None:
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    closed = resolution.confirm(petition=petition, by=stage.cast["clerk"], now=NOW)
    assert closed.status == Status.CLOSED


def test_a_resident_may_still_disagree_by_the_code_alone(stage: Stage) -> None:
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    client = Client()
    open_case(client, petition, "")
    send_feedback(client, "dispute", petition, reason="还是浑")
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED


@pytest.mark.parametrize("by", ["clerk", None])
def test_the_phone_or_a_report_of_ones_own_speaks(stage: Stage, by: str | None) -> None:
    contact = ContactDetails(phone=PHONE) if by else WITHOUT_PHONE
    petition = stage.file(by=by, contact=contact, now=NOW).petition
    petition = walk(stage, petition, Status.RESOLVED, NOW)
    client = Client()
    open_case(client, petition, PHONE[-4:] if by else "")
    send_feedback(client, "confirm", petition, rating=5)
    petition.refresh_from_db()
    assert petition.status == Status.CLOSED


def test_the_workflow_refuses_whatever_the_page_shows(stage: Stage) -> None:
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    with pytest.raises(transitions.WrongState, match="没有参与办理"):
        resolution.confirm(petition=petition, by=Petitioner(petition.pk), now=NOW)


def test_the_code_of_a_case_about_an_organisation_is_shown_once(stage: Stage) -> None:
    petition = stage.file(by="clerk", about=stage.town.orgs["yingbin"]).petition
    usual = stage.file(by="clerk").petition
    client = login(stage, "clerk")
    for case, times in ((petition, 1), (usual, 2)):
        code = tracking_codes.shown(code_of(case))
        pages = [client.get(f"/petitions/{case.pk}/slip/").content.decode() for _ in range(2)]
        assert sum(code in page for page in pages) == times
    assert (
        "只显示一次"
        in login(stage, "clerk").get(f"/petitions/{petition.pk}/slip/").content.decode()
    )


def test_no_new_day_shows_the_code_a_second_time(stage: Stage) -> None:
    """A window of 24 hours by UTC begins at 08:00 here, in the middle of a morning at the desk."""
    eight = dt.datetime(2026, 11, 24, 0, 0, tzinfo=dt.UTC)
    with time_machine.travel(eight - dt.timedelta(minutes=5), tick=False):
        petition = stage.file(
            by="clerk", about=stage.town.orgs["yingbin"], now=timezone.now()
        ).petition
        code, url = tracking_codes.shown(code_of(petition)), f"/petitions/{petition.pk}/slip/"
        assert code in login(stage, "clerk").get(url).content.decode()
    with time_machine.travel(eight + dt.timedelta(minutes=5), tick=False):
        page = login(stage, "clerk").get(url)
    assert page.status_code == 200
    assert code not in page.content.decode()


def test_the_attempt_of_staff_is_in_the_security_log(stage: Stage) -> None:
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    enter_code(login(stage, "secretary"), code_of(petition), "")
    line = SecurityEvent.objects.get(action=SecurityAction.REFUSED)
    assert line.user == stage.cast["secretary"]
    assert "查询页只给居民本人用" in line.message


def test_a_corrected_contact_does_not_make_a_resident(stage: Stage) -> None:
    """By the code alone, who logged the case would add a number and speak as the resident."""
    petition = logged_at_desk(stage, WITHOUT_PHONE)
    client = Client()
    page = open_case(client, petition, "")
    assert 'action="/track/contact/"' not in page
    answer = post_form(client, "/track/contact/", {"phone": "13800001111"})
    assert answer.status_code == 409
    send_feedback(client, "confirm", petition, rating=5)
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    assert Contact.objects.get(petition=petition).last4_hash == tracking_codes.last4_hash(
        petition.uuid, ""
    )


def test_a_corrected_number_is_not_a_given_one(stage: Stage) -> None:
    petition = walk(stage, stage.file(contact=WITHOUT_PHONE).petition, Status.RESOLVED, NOW)
    client = Client()
    open_case(client, petition, "")
    assert post_form(client, "/track/contact/", {"phone": "13800001111"}).status_code == 302
    assert not pages.tracked_session(_request_of(client)).has_given_phone  # type: ignore[union-attr]


def _request_of(client: Client) -> HttpRequest:
    request = HttpRequest()
    request.session = client.session
    return request


@pytest.mark.parametrize("by", ["secretary", "leader"])
def test_who_handles_the_case_does_not_speak_with_the_phone_they_typed(
    stage: Stage, by: str
) -> None:
    petition = stage.file(by="secretary", contact=ContactDetails(phone=PHONE), now=NOW).petition
    Petition.objects.filter(pk=petition.pk).update(filed_by=stage.cast[by])
    petition = walk(stage, Petition.objects.get(pk=petition.pk), Status.RESOLVED, NOW)
    client = Client()
    open_case(client, petition, PHONE[-4:])
    for verb in ("confirm", "rate", "withdraw"):
        send_feedback(client, verb, petition, rating=5)
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED


def test_who_logged_a_complaint_about_the_own_organisation_does_not_withdraw_it(
    stage: Stage,
) -> None:
    about = stage.town.orgs["yingbin"]
    contact = ContactDetails(phone=PHONE)
    petition = stage.file(by="clerk", about=about, contact=contact, now=NOW).petition
    client = Client()
    open_case(client, petition, PHONE[-4:])
    send_feedback(client, "withdraw", petition)
    petition.refresh_from_db()
    assert petition.status == Status.SUBMITTED


@pytest.mark.parametrize(
    "verb",
    [
        resolution.confirm,
        resolution.dispute,
        partial(resolution.close, reason="问过"),
        partial(resolution.withdraw, reason="居民说不用办了"),
    ],
)
def test_who_handled_the_case_before_does_not_follow_up(
    stage: Stage, verb: Callable[..., Petition]
) -> None:
    petition = stage.file(place=stage.town.areas["yingbin"], now=NOW).petition
    community = stage.cast["community"]
    petition = handling.accept(petition=petition, by=community, now=NOW)
    petition = rerouting.reassign(
        petition=petition,
        by=stage.cast["official"],
        now=NOW,
        organisation=stage.town.orgs["branch"],
        reason="由支部办",
    )
    petition = walk(stage, petition, Status.RESOLVED, NOW)
    with pytest.raises(transitions.NotPermitted, match="没有参与办理"):
        verb(petition=petition, by=User.objects.get(pk=community.pk), now=NOW)
    assert verb(petition=petition, by=stage.cast["official"], now=NOW)


def test_staff_do_not_file_through_the_public_form(stage: Stage) -> None:
    client = login(stage, "secretary")
    answer = client.post("/report/check/")
    assert answer.status_code == 403
    assert "替居民登记请用" in answer.content.decode()


# --- Staff who know code and number ---------------------------------------------------------------


def _accusation(stage: Stage) -> Petition:
    """Return a resolved accusation that a clerk logged for a resident with a telephone."""
    category = Category.objects.get(code="GV04")
    petition = stage.file(by="clerk", category=category, now=NOW).petition
    city: dict[str, Any] = {"by": stage.cast["city"], "now": NOW}
    handling.accept(petition=petition, **city)
    return resolution.resolve(
        petition=petition, outcome=Outcome.RESOLVED, cause="-", public_answer="已核查。", **city
    )


def _resolved_by_another_branch(stage: Stage) -> Petition:
    """Return a case that the secretary logged, accepted and returned; the community resolved it."""
    petition = stage.file(by="secretary", now=NOW).petition
    petition = handling.accept(petition=petition, by=stage.cast["secretary"], now=NOW)
    petition = rerouting.return_(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="不归我管"
    )
    community: dict[str, Any] = {"by": stage.cast["community"], "now": NOW}
    petition = rerouting.reassign(
        petition=petition, organisation=stage.town.orgs["yingbin"], reason="社区办", **community
    )
    handling.accept(petition=petition, **community)
    return resolution.resolve(
        petition=petition,
        outcome=Outcome.RESOLVED,
        cause="-",
        public_answer="已修好。",
        **community,
    )


def test_the_code_of_an_accusation_is_shown_once(stage: Stage) -> None:
    category = Category.objects.get(code="GV04")
    petition = stage.file(by="clerk", category=category).petition
    code, client = tracking_codes.shown(code_of(petition)), login(stage, "clerk")
    pages = [client.get(f"/petitions/{petition.pk}/slip/").content.decode() for _ in range(3)]
    assert [code in page for page in pages] == [True, False, False]


KNOWN: dict[str, Callable[[Stage], Petition]] = {
    "accusation": _accusation,
    "worked on it before": _resolved_by_another_branch,
    "handles it": lambda stage: logged_at_desk(stage, ContactDetails(phone=PHONE)),
}


@pytest.mark.parametrize("verb", ["confirm", "rate", "withdraw"])
@pytest.mark.parametrize("how", KNOWN)
def test_code_and_number_do_not_speak_where_staff_know_both(
    stage: Stage, how: str, verb: str
) -> None:
    petition = KNOWN[how](stage)
    client = Client()
    open_case(client, petition)
    answer = send_feedback(client, verb, petition, rating=5)
    assert answer.status_code == 409
    assert "没有参与办理" in answer.content.decode()
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    assert not Feedback.objects.filter(petition=petition).exists()


@pytest.mark.parametrize("data", [{"phone": "19000009999"}, {"delete": "1"}], ids=["new", "delete"])
@pytest.mark.parametrize("how", [*KNOWN, "about"])
def test_staff_who_know_code_and_number_do_not_replace_the_contact(
    stage: Stage, how: str, data: dict[str, str]
) -> None:
    """A later call would go to whom they chose."""
    make = KNOWN | {
        "about": lambda stage: stage.file(by="clerk", about=stage.town.orgs["yingbin"]).petition
    }
    petition = make[how](stage)
    client, before = Client(), Contact.objects.get(petition=petition)
    open_case(client, petition)
    answer = post_form(client, "/track/contact/", data)
    assert answer.status_code == 409
    after = Contact.objects.get(petition=petition)
    assert bytes(after.cipher) == bytes(before.cipher)


@pytest.mark.parametrize(
    ("data", "words"),
    [({"phone": "19000009999"}, "居民改了联系方式。"), ({"delete": "1"}, "居民删掉了联系方式。")],
)
def test_a_correction_leaves_a_line_without_the_number(
    stage: Stage, data: dict[str, str], words: str
) -> None:
    petition, client = stage.file().petition, Client()
    open_case(client, petition)
    assert post_form(client, "/track/contact/", data).status_code == 302
    line = SecurityEvent.objects.get(action=SecurityAction.CONTACT_CORRECTED)
    assert (line.object_id, line.message, line.user) == (petition.pk, words, None)
    assert "9999" not in str(line.detail) + line.message + line.object_name
