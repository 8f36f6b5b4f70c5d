"""Today: counters that equal their lists, the most urgent first, the act that is due."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from branches.enums import OrgLevel
from branches.models import Responsibility
from config.lib import durations
from members.models import InboxMessage
from petitions.enums import DeadlineKind, Status
from petitions.models import Deadline, Petition
from petitions.workflow import escalation
from tests.support.cast import Stage
from tests.support.clients import counted, login

NOW = timezone.now()
HOME = "/home/"
TILE = re.compile(r'<a class="tile[^"]*" href="([^"]+)">\s*<span class="tile__count">(\d+)</span>')


def busy(stage: Stage) -> None:
    for status in (
        Status.SUBMITTED,
        Status.RETURNED,
        Status.IN_PROGRESS,
        Status.RESOLVED,
        Status.CLOSED,
    ):
        stage.at(status, now=NOW)
        stage.at(status, now=NOW - dt.timedelta(days=20))
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=case, by=stage.cast["secretary"], now=NOW, reason="缺钱")


@pytest.mark.parametrize(
    "name", ["clerk", "secretary", "leader", "community", "official", "city", "department"]
)
def test_each_number_equals_the_list_it_opens(stage: Stage, name: str) -> None:
    busy(stage)
    client = login(stage, name)
    tiles = TILE.findall(client.get(HOME).content.decode())
    assert tiles
    for url, number in tiles:
        assert client.get(url).context["count"] == int(number), url


def test_most_urgent_first(stage: Stage) -> None:
    calm = stage.at(Status.IN_PROGRESS, now=NOW).pk
    asked = stage.at(Status.RESOLVED, now=NOW).pk
    late = stage.file(now=NOW - dt.timedelta(days=9)).petition.pk
    soon = stage.file(now=NOW).petition.pk
    Petition.objects.filter(pk=soon).update(soon_at=NOW, due_at=NOW + dt.timedelta(hours=1))
    new = stage.file(now=NOW).petition.pk
    rows = login(stage, "secretary").get(HOME).context["cases"]
    assert [row.id for row in rows] == [late, soon, new, calm, asked]


def test_the_arbiter_sees_the_own_decision_first_with_its_deadline(stage: Stage) -> None:
    late = stage.file(now=NOW - dt.timedelta(days=9)).petition
    back = stage.at(Status.RETURNED, now=NOW)
    row, other = login(stage, "community").get(HOME).context["cases"]
    assert (row.id, row.is_own, row.turn) == (back.pk, True, "等您决定由谁办")
    decision = Deadline.objects.owed().get(petition=back, kind=DeadlineKind.ARBITRATION)
    assert row.deadline_absolute == durations.absolute(decision.due_at, NOW)
    assert (other.id, other.is_own) == (late.pk, False)
    rows = login(stage, "community").get(f"{reverse('petitions:list')}?sort=due").context["cases"]
    assert [row.id for row in rows] == [late.pk, back.pk]
    (shown,) = (row for row in rows if row.id == back.pk)
    assert shown.deadline_absolute == durations.absolute(decision.due_at, NOW)


def test_each_row_offers_the_act_that_is_due(stage: Stage) -> None:
    new = stage.at(Status.SUBMITTED, now=NOW)
    back = stage.at(Status.RETURNED, now=NOW)
    asked = stage.at(Status.RESOLVED, now=NOW)

    def acts(name: str) -> dict[int, str]:
        rows = login(stage, name).get(HOME).context["cases"]
        return {row.id: row.action_url for row in rows}

    def url(verb: str, case: Petition) -> str:
        return reverse(f"petitions:{verb}", args=[case.pk])

    assert acts("secretary") == {new.pk: url("accept", new), back.pk: "", asked.pk: ""}
    assert acts("clerk") == {
        new.pk: url("accept", new),
        back.pk: url("reassign", back),
        asked.pk: url("confirm", asked),
    }


def test_an_escalation_waits_for_its_answer(stage: Stage) -> None:
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=case, by=stage.cast["secretary"], now=NOW, reason="缺钱")
    row = login(stage, "community").get(HOME).context["cases"][0]
    assert row.action_url == reverse("petitions:answer", args=[case.pk])


def test_own_duties_come_first_each_with_its_own_deadline(stage: Stage) -> None:
    late = stage.file(now=NOW - dt.timedelta(days=2)).petition
    asked = stage.at(Status.IN_PROGRESS, now=NOW - dt.timedelta(days=3))
    escalation.escalate(petition=asked, by=stage.cast["secretary"], now=NOW, reason="缺钱")
    page = login(stage, "community").get(HOME)
    rows = page.context["cases"]
    assert [row.id for row in rows] == [asked.pk, late.pk]
    answer, other = rows
    assert (answer.is_own, answer.turn, answer.deadline_state) == (
        True,
        "第三网格党支部已超期 · 等您答复",
        "ok",
    )
    due = asked.deadlines.get(kind="answer").due_at
    assert answer.deadline_absolute == durations.absolute(due, NOW)
    assert (other.is_own, other.turn, other.deadline_state) == (
        False,
        "等第三网格党支部受理",
        "overdue",
    )
    body = page.content.decode()
    assert body.index("轮到别人办的，您看得到") > body.index(asked.get_absolute_url())
    assert body.index("轮到别人办的，您看得到") < body.index(late.get_absolute_url())
    handled = {row.id: row for row in login(stage, "secretary").get(HOME).context["cases"]}
    assert handled[asked.pk].turn == "等您办理"
    assert handled[asked.pk].deadline_state == "overdue"


@pytest.mark.parametrize(
    ("name", "is_own"), [("community", True), ("clerk", False), ("official", False)]
)
def test_an_answer_waits_only_for_those_who_may_give_it(
    stage: Stage, name: str, is_own: bool
) -> None:
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=case, by=stage.cast["secretary"], now=NOW, reason="缺钱")
    client = login(stage, name)
    (row,) = client.get(HOME).context["cases"]
    assert row.is_own is is_own
    assert row.turn == ("等您答复" if is_own else "等迎宾路社区党委答复")
    listed = client.get("/petitions/?waiting=1&state=open").context["cases"]
    assert [row.id for row in listed] == ([case.pk] if is_own else [])
    assert ("待我答复" in client.get("/petitions/").content.decode()) is (name != "clerk")
    if name == "clerk":
        assert not client.get("/overview/").context["escalated"]


def test_an_assigned_group_has_the_case_among_its_own(stage: Stage) -> None:
    case = stage.at(Status.ASSIGNED, now=NOW)
    (row,) = login(stage, "leader").get(HOME).context["cases"]
    assert (row.id, row.is_own, row.turn) == (case.pk, True, "等您办理")


def test_without_a_duty_the_page_says_so(stage: Stage) -> None:
    stage.file(now=NOW)
    body = login(stage, "official").get(HOME).content.decode()
    assert "现在没有轮到您办的" in body
    assert "等第三网格党支部受理" in body


def test_what_others_changed_since_yesterday(stage: Stage) -> None:
    stage.file(now=NOW - dt.timedelta(days=3))
    case = stage.at(Status.ACCEPTED, now=NOW - dt.timedelta(hours=2))
    icons = [change.icon for change in login(stage, "clerk").get(HOME).context["changes"]]
    assert icons == ["clipboard-check", "megaphone"]
    own = [change.icon for change in login(stage, "secretary").get(HOME).context["changes"]]
    assert own == ["megaphone"]
    assert not login(stage, "outsider").get(HOME).context["changes"]
    assert case.place_name in login(stage, "clerk").get(HOME).content.decode()


def test_a_poll_gets_the_part_that_changes(stage: Stage) -> None:
    stage.file(now=NOW)
    page = login(stage, "clerk").get(HOME, headers={"HX-Request": "true", "X-Poll": "1"})
    body = page.content.decode()
    assert "<html" not in body
    assert TILE.search(body)


def test_unread_messages(stage: Stage) -> None:
    InboxMessage.objects.create(
        user=stage.cast["clerk"],
        key="k",
        kind="note",
        title="有新备注",
        url="/home/",
        created_at=NOW,
        show_from=NOW,
    )
    assert "有新备注" in login(stage, "clerk").get(HOME).content.decode()
    assert "有新备注" not in login(stage, "secretary").get(HOME).content.decode()


def test_what_needs_mending_is_told_to_coordinators(stage: Stage) -> None:
    from branches.models import Responsibility

    Responsibility.objects.filter(area=stage.town.areas["g8"]).update(valid_to=dt.date(2025, 4, 1))
    assert "第八网格" in login(stage, "clerk").get(HOME).content.decode()
    assert "第八网格" in login(stage, "official").get(HOME).content.decode()
    assert "没有负责" not in login(stage, "leader").get(HOME).content.decode()


def test_gaps_are_read_once_until_the_registers_change(stage: Stage) -> None:
    client = login(stage, "clerk")
    assert "没有负责的党支部" not in client.get("/home/").content.decode()
    with counted() as before:
        client.get("/home/")
    assert not [sql for sql in before if "branches_responsibility" in sql and "UNION" in sql]
    Responsibility.objects.filter(organisation__level=OrgLevel.BRANCH).delete()
    assert "没有负责的党支部" in client.get("/home/").content.decode()


def test_nothing_to_do_says_so(stage: Stage) -> None:
    assert "现在没有要办的" in login(stage, "outsider").get(HOME).content.decode()


@pytest.mark.parametrize("name", ["auditor", "sysadmin", "secadmin"])
def test_hats_see_no_cases(stage: Stage, name: str) -> None:
    client = login(stage, name)
    assert client.get(HOME)["Location"] != HOME
    assert client.get("/petitions/").status_code == 403


def test_visitors_log_in_first(db: None) -> None:
    assert Client().get(HOME).status_code == 302


def test_rejects_post(stage: Stage) -> None:
    assert login(stage, "clerk").post(HOME).status_code == 405


def test_queries_do_not_grow(stage: Stage, django_assert_max_num_queries: object) -> None:
    busy(stage)
    client = login(stage, "official")
    client.get(HOME)
    with django_assert_max_num_queries(12) as few:  # type: ignore[operator]
        client.get(HOME)
        number = len(few)
    busy(stage)
    busy(stage)
    client.get(HOME)  # what a process holds for a minute is read anew
    with django_assert_max_num_queries(number):  # type: ignore[operator]
        client.get(HOME)


@pytest.mark.parametrize("page", [HOME, "/petitions/?state=all"])
def test_open_cases_whose_words_tell_of_danger_are_marked(stage: Stage, page: str) -> None:
    client, label = login(stage, "secretary"), "可能有危险"
    stage.at(Status.CLOSED, text="家里着火了")
    dull = stage.file(text="自来水发浑", now=NOW).petition
    assert label not in client.get(page).content.decode()
    petition = stage.file(text="老人摔倒起不来", now=NOW).petition
    assert client.get(page).content.decode().count(label) == 1
    assert (petition.urgency, petition.due_at) == (dull.urgency, dull.due_at)
