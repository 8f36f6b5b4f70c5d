from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from branches.models import Responsibility
from config.lib import clock, register_cache
from members.enums import Role
from members.models import InboxMessage, Post
from members.workflow import appoint
from petitions.enums import Status, Verb
from petitions.models import Category, Event, Petition
from petitions.notices import outbox, reveal_notices
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, handling, rerouting, task_verbs
from petitions.workflow.transitions import WrongState
from tests.support import task_steps
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage
from tests.support.clients import login
from tests.support.returned_cases import give_post
from tests.support.tracking_client import open_case
from tests.support.verb_cases import CASE_OF, post, url_of


def test_the_contact_is_shown_and_not_cached(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL)
    assert response.status_code == 200
    assert PHONE in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_contact_is_shown_only_once(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    client, url = login(stage, "secretary"), url_of(petition, Verb.REVEAL)
    assert PHONE in client.post(url, {"reason": "约定上门时间"}).content.decode()
    for address in (url, petition.get_absolute_url()):
        assert PHONE not in client.get(address).content.decode()
    assert PHONE not in str(dict(client.session))


def test_a_reason_is_required(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL, reason="")
    assert response.status_code == 400
    assert PHONE not in response.content.decode()


# confidential contact details: the handling organisation cannot open them on any route

CONFIDENTIAL = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
EVERYBODY = ("leader", "secretary", "deputy", "clerk", "community", "official", "city")


def _openers(stage: Stage, petition: Petition) -> set[str]:
    """Return who can open the contact details, by page and by API."""
    openers = set()
    for name in EVERYBODY:
        data = CASE_OF[Verb.REVEAL].form_data(stage, petition)
        response = login(stage, name).post(url_of(petition, Verb.REVEAL), data)
        is_open = PHONE in response.content.decode()
        body = CASE_OF[Verb.REVEAL].body
        program = Program(stage.cast[name]).post(f"/petitions/{petition.pk}/reveal/", body)
        assert (PHONE in program.content.decode()) is is_open, name
        openers |= {name} if is_open else set()
    return openers


def _about(stage: Stage, organisation: str) -> Petition:
    about = stage.town.orgs[organisation]
    return stage.file(contact=CONFIDENTIAL, about=about).petition


def _without_branch(stage: Stage) -> Petition:
    Responsibility.objects.filter(organisation=stage.town.orgs["branch"]).delete()
    register_cache.forget_version()
    return stage.file(contact=CONFIDENTIAL).petition


def _reassigned(stage: Stage) -> Petition:
    """Return a case that the community has taken over from the branch."""
    petition = stage.file(contact=CONFIDENTIAL).petition
    return rerouting.reassign(
        petition=petition,
        by=stage.cast["community"],
        now=timezone.now(),
        organisation=stage.town.orgs["yingbin"],
        reason="由社区办",
    )


def _accusation(stage: Stage) -> Petition:
    category = Category.objects.get(code="GV04")
    return stage.file(contact=CONFIDENTIAL, category=category).petition


ROUTES: dict[str, tuple[Callable[[Stage], Petition], set[str], str]] = {
    "branch": (
        lambda stage: stage.at(Status.IN_PROGRESS, contact=CONFIDENTIAL),
        {"clerk", "community"},
        "由第三网格党支部办理，它打不开您的联系方式；只有迎宾路社区党委能打开，有事由它转达。",
    ),
    "about the branch": (
        lambda stage: _about(stage, "branch"),
        {"official"},
        "由迎宾路社区党委办理，它打不开您的联系方式；只有阜新街道党工委能打开，有事由它转达。",
    ),
    "without a branch": (
        _without_branch,
        {"official"},
        "由迎宾路社区党委办理，它打不开您的联系方式；只有阜新街道党工委能打开，有事由它转达。",
    ),
    "reassigned to the community": (
        _reassigned,
        {"official"},
        "由迎宾路社区党委办理，它打不开您的联系方式；只有阜新街道党工委能打开，有事由它转达。",
    ),
    "about the community": (
        lambda stage: _about(stage, "yingbin"),
        set(),
        "由阜新街道党工委办理，它打不开您的联系方式，别的组织也打不开。请用查询码看答复。",
    ),
    "accusation": (
        _accusation,
        set(),
        "由阜康市委社会工作部办理，它打不开您的联系方式，别的组织也打不开。请用查询码看答复。",
    ),
}


@pytest.mark.parametrize("route", ROUTES)
def test_the_handling_organisation_opens_no_confidential_contact(
    stage: Stage, client: Client, route: str
) -> None:
    make, openers, sentence = ROUTES[route]
    petition = make(stage)
    assert _openers(stage, petition) == openers
    assert sentence in open_case(client, petition)


def test_a_second_post_opens_no_confidential_contact(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, contact=CONFIDENTIAL)
    since, branch = dt.date(2025, 3, 1), stage.town.orgs["branch"]
    clerk = stage.cast["clerk"]
    appoint(user=clerk, role=Role.MEMBER, by=None, valid_from=since, organisation=branch)
    assert _openers(stage, petition) == {"community"}


def test_who_handled_the_case_before_does_not_become_the_keeper(
    stage: Stage, client: Client
) -> None:
    """The community handles, returns, and the branch gets the case: the subdistrict keeps it."""
    petition = stage.file(place=stage.town.areas["yingbin"], contact=CONFIDENTIAL).petition
    petition = rerouting.reassign(
        petition=petition,
        by=stage.cast["official"],
        now=timezone.now(),
        organisation=stage.town.orgs["branch"],
        reason="由支部办",
    )
    assert _openers(stage, petition) == {"official"}
    assert "只有阜新街道" in open_case(client, petition)


def test_who_worked_on_the_case_does_not_open_it_from_a_later_post(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, contact=CONFIDENTIAL)
    Post.objects.filter(user=stage.cast["secretary"]).update(
        role=Role.STAFF, organisation=stage.town.orgs["yingbin"]
    )
    assert "secretary" not in _openers(stage, petition)


def test_a_former_assignee_does_not_open_it_from_a_later_post(stage: Stage) -> None:
    """Also one who never acted: the case was assigned to somebody else before."""
    petition = stage.at(Status.ACCEPTED, contact=CONFIDENTIAL)
    by: dict[str, Any] = {"by": stage.cast["secretary"], "now": clock.now()}
    handling.dispatch(petition=petition, users=[stage.cast["member"]], **by)
    handling.dispatch(petition=petition, group=stage.town.orgs["group"], **by)
    Post.objects.filter(user=stage.cast["member"]).update(
        role=Role.STAFF, organisation=stage.town.orgs["yingbin"]
    )
    page = login(stage, "member").post(url_of(petition, Verb.REVEAL), {"reason": "约定上门时间"})
    assert PHONE not in page.content.decode()


@pytest.mark.parametrize("is_resent", [False, True])
def test_who_does_a_task_does_not_open_it_from_a_second_post(stage: Stage, is_resent: bool) -> None:
    """Nor who did: a task that was handed back names the department that got it next."""
    case = stage.at(Status.IN_PROGRESS, contact=CONFIDENTIAL)
    petition = task_steps.ordered(stage, petition=case)
    if is_resent:
        heating, _fitter = task_steps.second_department(stage)
        now = clock.now()
        task_verbs.hand_back(
            petition=petition, by=stage.cast["department"], now=now, reason="不归我们"
        )
        task_verbs.send_again(
            petition=petition,
            by=stage.cast["community"],
            now=now,
            department=heating,
            text="请换立管",
        )
    give_post(stage, "department", Role.STAFF, "yingbin")
    assert _openers(stage, petition) == {"community", "clerk"}


def test_without_the_box_the_handler_opens_it(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    assert {"secretary", "clerk", "community", "official"} <= _openers(stage, petition)


@pytest.mark.parametrize(
    "reason", [".", "。。。", "…………", "1234", "核", "核实", "111111", "看看看看", "a b", "~!@#$%^&"]
)
def test_a_reason_that_says_nothing_is_refused_at_the_field(stage: Stage, reason: str) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL, reason=reason)
    assert response.status_code == 400
    page = response.content.decode()
    assert "至少 4 个字" in page
    assert PHONE not in page
    assert reason.replace("&", "&amp;") in page  # what was typed stays
    assert not Event.objects.filter(verb=Verb.REVEAL).exists()


@pytest.mark.parametrize(
    "reason", ["核实情况", "约定上门时间", "ask when", "үйге бару", "ئۆيگە بارىمىز"]
)
def test_a_reason_of_some_words_is_accepted(stage: Stage, reason: str) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL, reason=reason)
    assert response.status_code == 200


def test_page_says_how_long_a_reason_is_and_when_the_supervisor_is_told(
    stage: Stage, settings: Any
) -> None:
    settings.REVEALS_PER_DAY = 7
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "secretary")
    for address in (petition.get_absolute_url(), url_of(petition, Verb.REVEAL)):
        page = client.get(address).content.decode()
        assert "至少 4 个字" in page
        assert "超过 7 次，会通知您的上级" in page
        assert 'type="checkbox" name="accepts_notice"' not in page


# --- The daily limit --------------------------------------------------------------------------


def _open(client: Client, petition: Petition, **fields: str) -> Any:
    return client.post(url_of(petition, Verb.REVEAL), {"reason": "约定上门时间"} | fields)


def _heard() -> set[tuple[str, str, str]]:
    """Publish what waits; return who was told of many reveals, in which words, with which link."""
    outbox.publish(list(Event.objects.filter(verb=Verb.REVEAL).values_list("pk", flat=True)))
    rows = InboxMessage.objects.filter(kind="reveals").select_related("user")
    return {(row.user.username, row.title, row.url) for row in rows}


def test_above_the_limit_nothing_is_opened_before_the_person_was_told(
    stage: Stage, settings: Any
) -> None:
    settings.REVEALS_PER_DAY = 2
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "clerk")
    for _time in range(2):
        assert PHONE in _open(client, petition).content.decode()
    refused = _open(client, petition)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert PHONE not in page
    assert "您今天已经查看了 2 次居民联系方式。再查看，系统会通知您的上级。" in page
    assert 'type="checkbox" name="accepts_notice"' in page
    assert 'value="约定上门时间"' in page
    assert _heard() == set()
    assert PHONE in _open(client, petition, accepts_notice="on").content.decode()
    (told,) = _heard()
    assert told[0] == "community"
    assert "示例clerk今天查看了 3 次居民联系方式" in told[1]
    assert PHONE not in told[1]
    assert petition.number not in told[1]
    assert login(stage, "community").get(told[2]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_reveals_at_the_same_moment_the_second_counts_the_first(
    stage: Stage, settings: Any
) -> None:
    settings.REVEALS_PER_DAY = 1
    first, second = (stage.at(Status.IN_PROGRESS) for _case in range(2))

    def reveal(petition: Petition) -> None:
        contact.reveal(
            petition=petition, by=stage.cast["clerk"], now=clock.now(), reason="约定上门时间"
        )

    def reveal_at_once() -> None:
        try:
            reveal(second)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            reveal(first)
            attempt = pool.submit(reveal_at_once)
            with pytest.raises(TimeoutError):
                attempt.result(timeout=0.5)
        with pytest.raises(WrongState) as refusal:
            attempt.result()
    assert refusal.value.code == contact.REVEAL_LIMIT


def test_supervisor_is_told_once_in_each_round(stage: Stage, settings: Any) -> None:
    settings.REVEALS_PER_DAY = 3
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "clerk")
    for _time in range(11):
        assert _open(client, petition, accepts_notice="on").status_code == 200
    titles = sorted(title for _name, title, _url in _heard())
    assert [title.split("查看了 ")[1].split(" ")[0] for title in titles] == ["10", "4", "7"]


def test_count_is_of_the_person_over_all_cases_and_starts_anew_at_midnight(
    stage: Stage, settings: Any
) -> None:
    settings.REVEALS_PER_DAY = 2
    first, second = (stage.at(Status.IN_PROGRESS) for _case in range(2))
    yesterday = timezone.localtime(clock.now()).replace(hour=0, minute=0) - dt.timedelta(minutes=1)
    for _time in range(5):
        contact.reveal(
            petition=first,
            by=stage.cast["clerk"],
            now=yesterday,
            reason="约时间",
            accepts_notice=True,
        )
    client, other = login(stage, "clerk"), login(stage, "secretary")
    assert _open(client, first).status_code == 200
    assert _open(other, second).status_code == 200
    assert _open(client, second).status_code == 200
    assert _open(client, first).status_code == 409
    assert _open(other, first).status_code == 200


@pytest.mark.parametrize(
    ("name", "told", "without"),
    [
        ("clerk", "community", ()),
        ("secretary", "community", ()),
        ("secretary", "official", ("community",)),
        ("community", "official", ()),
        ("official", "city", ()),
    ],
)
def test_supervisor_is_the_nearest_head_above(
    stage: Stage, settings: Any, name: str, told: str, without: tuple[str, ...]
) -> None:
    settings.REVEALS_PER_DAY = 0
    Post.objects.filter(user__username__in=without).delete()
    Post.objects.filter(user__username="deputy").delete()
    petition, by = stage.at(Status.IN_PROGRESS), stage.cast[name]
    contact.reveal(
        petition=petition, by=by, now=clock.now(), reason="约定上门时间", accepts_notice=True
    )
    heard = _heard()
    assert {who for who, _title, _url in heard} == {told}
    ((_who, _title, link),) = heard
    assert login(stage, told).get(link).status_code == 200


def test_without_a_head_above_the_auditor_is_told(stage: Stage, settings: Any) -> None:
    settings.REVEALS_PER_DAY = 0
    petition, city = stage.at(Status.IN_PROGRESS), stage.cast["city"]
    event = Event(
        pk=1,
        petition=petition,
        verb=Verb.REVEAL,
        user=city,
        acting_for=stage.town.orgs["city"],
        data={"reveal_number": 1},
    )
    (notification,) = reveal_notices.notifications_for(event, clock.now().date())
    assert notification.user_ids == (stage.cast["auditor"].pk,)
    assert login(stage, "auditor").get(notification.url).status_code == 200
