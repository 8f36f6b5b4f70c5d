"""The log in words: verbs leave their events, opened contacts and refusals leave a line."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.route_words import UNKNOWN, words
from members.models import SecurityEvent
from petitions import permissions
from petitions.enums import Status, Verb
from petitions.models import Event
from petitions.rules.contacts import ContactDetails
from tests.support import route_list
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage
from tests.support.clients import login
from tests.support.log_lines import last_line, lines
from tests.support.route_list import Access
from tests.support.verb_cases import VERB_CASES, VerbCase, url_of

REASON = "约定上门时间，说明处理办法"


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True  # without the second factor


# --- Verbs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VERB_CASES, ids=lambda case: str(case.verb))
def test_a_verb_leaves_its_event_and_only_an_opened_contact_a_line(
    stage: Stage, case: VerbCase
) -> None:
    petition = case.case(stage)
    client = login(stage, case.by)
    mark, events = last_line(), Event.objects.count()
    data = case.form_data(stage, petition)
    if case.verb == Verb.VISIT:
        data |= {"door-1-1-1": "affected"}
    client.post(url_of(petition, case.verb), data)
    written = lines(mark)
    if case.verb != Verb.REVEAL:
        assert (written, Event.objects.count() >= events) == ([], True)
        return
    (line,) = written
    assert line.act == "查看居民联系方式"
    assert (line.who, line.acting_as) == ("示例secretary（secretary）", "负责组织")
    assert (line.organisation, line.object) == ("第三网格党支部", f"诉求 {petition.number}")
    assert (line.outcome, "居民看得到" in line.message) == ("已完成", True)
    stored = str(list(SecurityEvent.objects.values()))
    assert not [words for words in (PHONE, "示例居民", data["reason"]) if words in stored]


@pytest.mark.parametrize("case", VERB_CASES, ids=lambda case: str(case.verb))
@pytest.mark.parametrize("way", ["page", "api"])
def test_a_refused_verb_is_a_line_with_the_sentence(stage: Stage, case: VerbCase, way: str) -> None:
    petition = case.case(stage)
    if way == "page":
        client = login(stage, case.refused)
        mark = last_line()
        answer = client.post(url_of(petition, case.verb), case.form_data(stage, petition))
    else:
        program = Program(stage.cast[case.refused])
        mark = last_line()
        answer = case.send(program, stage, petition)
    if answer.status_code != 403:
        pytest.skip("the verb is not refused to this person in this way")
    (line,) = lines(mark)
    assert line.act == f"越权操作：{Verb(case.verb).label}"
    assert (line.object, line.outcome) == (f"诉求 {petition.number}", "被拒绝")
    assert line.message == permissions.may(case.verb, petition, stage.cast[case.refused]).reason
    assert case.refused in line.who


def test_a_contact_that_is_confidential_is_a_refusal_though_the_answer_is_409(
    stage: Stage,
) -> None:
    contact = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
    petition, client = stage.at(Status.IN_PROGRESS, contact=contact), login(stage, "secretary")
    mark = last_line()
    assert client.post(url_of(petition, Verb.REVEAL), {"reason": REASON}).status_code == 409
    (line,) = lines(mark)
    assert (line.outcome, line.message) == (
        "被拒绝",
        "居民要求对承办组织保密，请由迎宾路社区党委转达。",
    )


def test_a_reveal_above_the_daily_limit_is_a_refusal(stage: Stage, settings: Any) -> None:
    settings.REVEALS_PER_DAY = 0
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "secretary")
    mark = last_line()
    client.post(url_of(petition, Verb.REVEAL), {"reason": REASON})
    (line,) = lines(mark)
    assert (line.outcome, line.object) == ("被拒绝", f"诉求 {petition.number}")
    assert line.message == "您今天已经查看了 0 次居民联系方式。再查看，系统会通知您的上级。"


def test_a_verb_at_the_wrong_time_is_no_refusal_of_a_right(stage: Stage) -> None:
    petition, client = stage.at(Status.CLOSED), login(stage, "secretary")
    mark = last_line()
    client.post(url_of(petition, Verb.START), {"version": petition.version})
    assert lines(mark) == []


# --- Refused pages --------------------------------------------------------------------------------

CLOSED_TO = {
    Access.POST: "sysadmin",
    Access.AUDIT: "secretary",
    Access.ADMIN_ROWS: "auditor",
    Access.ADMIN_ADD: "auditor",
    Access.ADMIN: "secretary",
}
ROUTES = [
    route
    for route in route_list.routes()
    if route_list.access_of(route.name) in CLOSED_TO and not route.parameters
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_refused_page_is_a_line(stage: Stage, route: route_list.Route) -> None:
    access = route_list.access_of(route.name)
    assert access is not None
    client = login(stage, CLOSED_TO[access])
    mark = last_line()
    answer = client.get(reverse(route.name), follow=True)
    if answer.status_code != 403:
        pytest.skip("an open part of the admin")
    line = lines(mark)[-1]
    assert line.outcome == "被拒绝"
    assert line.act.startswith("越权操作：")
    assert line.message


@pytest.mark.parametrize("name", ["outsider", "sibling"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_case_out_of_scope_is_a_line_whether_it_exists_or_not(
    stage: Stage, name: str, is_there: bool
) -> None:
    pk = stage.at(Status.ACCEPTED).pk if is_there else 999_999
    client = login(stage, name)
    mark = last_line()
    assert client.get(f"/petitions/{pk}/").status_code == 404
    (line,) = lines(mark)
    assert line.act == "打开不存在或看不到的内容：看诉求"
    assert (line.object, line.outcome) == (f"诉求 {pk}", "被拒绝")


def test_what_was_typed_in_an_address_is_not_in_the_log(stage: Stage) -> None:
    client = login(stage, "sysadmin")
    mark = last_line()
    assert client.get("/admin/members/post/%E2%80%AE139x/end/").status_code in (403, 404)
    assert all("139" not in line.object for line in lines(mark))


def test_the_last_day_of_the_calendar_is_no_error(stage: Stage) -> None:
    assert login(stage, "auditor").get("/security-log/?until=9999-12-31").status_code == 200


def test_a_visitor_who_is_asked_to_log_in_leaves_no_line(stage: Stage, client: Client) -> None:
    mark = last_line()
    for url in ("/home/", "/petitions/1/", "/security-log/", "/nowhere/", "/api/v1/me/"):
        client.get(url)
    assert lines(mark) == []


def test_every_page_that_may_be_refused_has_its_words() -> None:
    open_to_all = {Access.PUBLIC, Access.LOG_IN, Access.NOBODY}
    unnamed = [
        route.name
        for route in route_list.routes()
        if route_list.access_of(route.name) not in open_to_all and words(route.name) == UNKNOWN
    ]
    assert unnamed == []
