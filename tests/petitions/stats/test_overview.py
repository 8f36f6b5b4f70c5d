"""The overview: each figure opens exactly the rows it counted."""

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import Status
from petitions.workflow import escalation
from tests.support.cast import Stage
from tests.support.clients import login

NOW = timezone.now()
OVERVIEW = "/overview/"


def busy(stage: Stage) -> None:
    for days in (0, 20):
        for status in (Status.SUBMITTED, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED):
            stage.at(status, now=NOW - dt.timedelta(days=days))
    stage.file(place=stage.town.areas["b1"], now=NOW)
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=case, by=stage.cast["secretary"], now=NOW, reason="缺钱")


@pytest.mark.parametrize("name", ["official", "city", "community", "clerk"])
def test_each_figure_opens_exactly_its_rows(stage: Stage, name: str) -> None:
    busy(stage)
    client = login(stage, name)
    page = client.get(OVERVIEW)
    lines = [*page.context["rows"], page.context["total"]]
    assert any(cell.count for line in lines for cell in line.cells)
    for line in lines:
        for cell in line.cells:
            assert client.get(cell.url).context["count"] == cell.count, (line.name, cell)


def test_rows_fit_the_post_and_are_sorted_by_name(stage: Stage) -> None:
    def names(name: str) -> list[str]:
        return [line.name for line in login(stage, name).get(OVERVIEW).context["rows"]]

    assert names("city") == ["阜新街道"]
    assert names("official") == ["大桥社区", "迎宾路社区"]
    assert names("community") == ["第三网格党支部"]


def test_escalations_to_answer_stand_on_top(stage: Stage) -> None:
    busy(stage)
    page = login(stage, "community").get(OVERVIEW)
    assert [row.action_url.split("/")[-2] for row in page.context["escalated"]] == ["answer"]
    assert not login(stage, "official").get(OVERVIEW).context["escalated"]


@pytest.mark.parametrize(
    "name", ["secretary", "leader", "member", "department", "auditor", "sysadmin"]
)
def test_only_for_those_who_oversee(stage: Stage, name: str) -> None:
    assert login(stage, name).get(OVERVIEW).status_code == 403


def test_queries_do_not_grow(stage: Stage, django_assert_max_num_queries: object) -> None:
    busy(stage)
    client = login(stage, "official")
    client.get(OVERVIEW)
    with django_assert_max_num_queries(12) as few:  # type: ignore[operator]
        client.get(OVERVIEW)
        number = len(few)
    busy(stage)
    client.get(OVERVIEW)  # what a process holds for a minute is read anew
    with django_assert_max_num_queries(number):  # type: ignore[operator]
        client.get(OVERVIEW)
