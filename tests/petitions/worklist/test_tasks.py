"""Tasks on the home page, in the list, in the overview and on the page of a department."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.utils import timezone

from petitions.enums import Status, TaskState, Verb
from petitions.models import Petition
from petitions.web.list_items import ListItem
from petitions.workflow import task_verbs
from tests.support import task_steps
from tests.support.cast import Stage
from tests.support.clients import counted, login

NOW = timezone.now()
HOUR = dt.timedelta(hours=1)
LATE = NOW - dt.timedelta(hours=6)


def _tiles(stage: Stage, name: str) -> dict[str, int]:
    tiles = login(stage, name).get("/home/").context["tiles"]
    return {tile["url"].partition("?")[2].partition("=")[0]: tile["count"] for tile in tiles}


def _tasks(stage: Stage, name: str) -> list[tuple[int, str]]:
    items = login(stage, name).get("/home/").context["tasks"]
    return [(item.petition.pk, item.task.state) for item in items]


def test_the_department_sees_what_it_owes_the_next_deadline_first(stage: Stage) -> None:
    stage.at(Status.IN_PROGRESS, now=NOW)
    done = task_steps.concluded(stage, now=NOW)
    new = task_steps.ordered(stage, now=NOW)
    working = task_steps.acknowledged(stage, now=NOW)
    late = task_steps.ordered(stage, now=LATE, within=HOUR)
    back = task_steps.handed_back(stage, now=NOW)
    assert _tiles(stage, "department") == {
        "task_overdue": 1,
        "to_acknowledge": 2,
        "to_conclude": 1,
        "handed_back": 1,
    }
    assert _tasks(stage, "department") == [
        (late.pk, TaskState.SENT),
        (new.pk, TaskState.SENT),
        (working.pk, TaskState.ACKNOWLEDGED),
    ]
    assert {done.pk, back.pk} <= set(
        Petition.objects.visible_to(stage.cast["department"]).values_list("pk", flat=True)
    )


def test_a_row_offers_the_verb_that_is_due(stage: Stage) -> None:
    new, working = task_steps.ordered(stage, now=NOW), task_steps.acknowledged(stage, now=NOW)
    items = login(stage, "department").get("/home/").context["tasks"]
    first = {item.petition.pk: [b.label for b in item.buttons if b.is_first] for item in items}
    assert first == {new.pk: [Verb.ACKNOWLEDGE.label], working.pk: [Verb.CONCLUDE.label]}


def test_a_task_is_acknowledged_from_the_home_page(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    client = login(stage, "department")
    client.handler.enforce_csrf_checks = True
    page = client.get("/home/")
    (item,) = page.context["tasks"]
    form = page.content.decode().partition(f'action="{item.buttons[0].url}"')[2]
    hidden = re.findall(r'name="(\w+)" value="([^"]+)"', form.partition("</form>")[0])
    assert client.post(item.buttons[0].url, dict(hidden)).status_code == 302
    assert task_steps.task_of(petition).state == TaskState.ACKNOWLEDGED


def test_the_orderer_sees_overdue_and_handed_back_tasks_only(stage: Stage) -> None:
    task_steps.ordered(stage, now=NOW)
    late = task_steps.ordered(stage, now=LATE, within=HOUR)
    back = task_steps.handed_back(stage, now=NOW)
    tiles = _tiles(stage, "community")
    assert (tiles["task_overdue"], tiles["handed_back"]) == (1, 1)
    assert {pk for pk, _state in _tasks(stage, "community")} == {late.pk, back.pk}
    assert not _tasks(stage, "official")
    assert "task_overdue" not in _tiles(stage, "official")  # nothing overdue that it ordered


@pytest.mark.parametrize("name", ["secretary", "clerk", "leader", "outsider"])
def test_others_have_no_tasks_on_their_home_page(stage: Stage, name: str) -> None:
    task_steps.ordered(stage, now=LATE, within=HOUR)
    client = login(stage, name)
    client.get("/home/")
    with counted() as queries:
        context = client.get("/home/").context
    assert not context["tasks"]
    assert not [sql for sql in queries if "orderer_id" in sql.partition("WHERE")[2]]


@pytest.mark.parametrize(
    ("name", "flag", "prepare"),
    [
        ("department", "to_acknowledge", task_steps.ordered),
        ("department", "to_conclude", task_steps.acknowledged),
        ("department", "handed_back", task_steps.handed_back),
        ("community", "handed_back", task_steps.handed_back),
        ("community", "ordered", task_steps.acknowledged),
    ],
)
def test_each_filter_shows_its_cases(stage: Stage, name: str, flag: str, prepare: object) -> None:
    stage.at(Status.IN_PROGRESS, now=NOW)
    task_steps.concluded(stage, now=NOW)
    petition = prepare(stage, now=NOW)  # type: ignore[operator]
    rows = login(stage, name).get(f"/petitions/?{flag}=1").context["cases"]
    assert [row.id for row in rows] == [petition.pk]
    assert not login(stage, "secretary").get(f"/petitions/?{flag}=1").context["cases"]


def test_the_list_shows_the_department_its_own_deadline(stage: Stage) -> None:
    task_steps.ordered(stage, now=LATE, within=HOUR)

    def row(name: str) -> tuple[str, str]:
        client = login(stage, name)
        (item,) = client.get("/petitions/").context["cases"]
        return item.deadline_state, item.deadline_absolute

    assert row("department")[0] == "overdue"
    assert row("secretary")[0] != "overdue"
    assert row("department")[1] != row("secretary")[1]


def _row(stage: Stage, name: str) -> ListItem:
    (item,) = login(stage, name).get("/petitions/").context["cases"]
    return item


@pytest.mark.parametrize(
    ("prepare", "turn", "is_own"),
    [
        (task_steps.ordered, "等您签收", True),
        (task_steps.acknowledged, "等您回复", True),
        (task_steps.concluded, "等第三网格党支部办理", False),
        (task_steps.handed_back, "等第三网格党支部办理", False),
    ],
)
def test_the_list_tells_the_department_its_own_turn(
    stage: Stage, prepare: Callable[..., Petition], turn: str, is_own: bool
) -> None:
    prepare(stage, now=NOW)
    item = _row(stage, "department")
    assert (item.turn, item.is_own, bool(item.deadline_absolute)) == (turn, is_own, is_own)


def test_of_two_deadlines_of_a_task_that_fall_together_the_first_step_is_named(
    stage: Stage,
) -> None:
    task_steps.ordered(stage, now=NOW, within=dt.timedelta(minutes=5))
    assert _row(stage, "department").turn == "等您签收"


def test_the_orderer_decides_on_a_task_handed_back_without_a_deadline(stage: Stage) -> None:
    task_steps.handed_back(stage, now=NOW)
    item = _row(stage, "community")
    assert (item.turn, item.is_own, item.deadline_absolute) == ("等您决定退回的任务", True, "")
    assert _row(stage, "secretary").turn == "等您办理"
    (home,) = login(stage, "community").get("/home/").context["own_cases"]
    assert home.action_label == Verb.SEND_AGAIN.label


def test_a_task_handed_back_does_not_change_the_order_of_the_lists(stage: Stage) -> None:
    back = task_steps.handed_back(stage, now=NOW)
    late = task_steps.ordered(stage, now=NOW - dt.timedelta(days=9))
    client = login(stage, "community")
    for page, name in (("/petitions/", "cases"), ("/home/", "cases")):
        rows = client.get(page).context[name]
        assert [row.id for row in rows] == [late.pk, back.pk]


def test_the_department_finds_its_filters(stage: Stage) -> None:
    def labels(name: str) -> list[str]:
        rows = login(stage, name).get("/petitions/").context["shortcuts"]
        return [str(row["label"]) for row in rows]

    assert labels("department") == ["任务超期", "待签收", "待回复", "任务被退回"]
    assert "待签收" not in labels("secretary")
    assert {"任务超期", "任务被退回", "交办未结"} <= set(labels("official"))


def test_the_overview_counts_the_tasks_of_each_department(stage: Stage) -> None:
    heating, _fitter = task_steps.second_department(stage)
    task_steps.ordered(stage, now=NOW)
    task_steps.ordered(stage, now=LATE, within=HOUR)
    task_steps.concluded(stage, now=NOW)
    task_steps.ordered(stage, now=NOW, department=heating)
    client = login(stage, "official")
    rows = client.get("/overview/").context["doers"]
    assert [(row.name, row.open, row.overdue) for row in rows] == [
        ("供水公司", 2, 1),
        ("热力公司", 1, 0),
    ]
    for row in rows:
        assert client.get(row.open_url).context["count"] == row.open
        assert client.get(row.overdue_url).context["count"] == row.overdue


def test_the_page_of_a_department_counts_its_tasks(stage: Stage) -> None:
    task_steps.ordered(stage, now=LATE, within=HOUR)
    task_steps.acknowledged(stage, now=NOW)
    client = login(stage, "department")
    panels = client.get(stage.town.orgs["water"].get_absolute_url()).context["panels"]
    (figures,) = [panel.data for panel in panels if panel.template.startswith("petitions/")]
    assert (figures["open"], figures["overdue"]) == (2, 1)
    assert client.get(figures["open_url"]).context["count"] == 2
    assert client.get(figures["overdue_url"]).context["count"] == 1


def test_the_home_page_of_a_department_costs_no_more_with_more_tasks(stage: Stage) -> None:
    task_steps.ordered(stage, now=NOW)
    client = login(stage, "department")
    client.get("/home/")
    with counted() as few:
        client.get("/home/")
    for _number in range(4):
        task_verbs.acknowledge(
            petition=task_steps.ordered(stage, now=NOW), by=stage.cast["department"], now=NOW
        )
    client.get("/home/")
    with counted() as many:
        client.get("/home/")
    assert len(many) == len(few) <= 10, "\n".join(sql[:90] for sql in many)
