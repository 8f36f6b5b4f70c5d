"""A task that was handed back: the ordering organisation reads the reason and decides."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.casework.actions import actions
from petitions.enums import DeadlineKind, DeadlineState, TaskState, Verb
from petitions.models import Deadline, Petition
from petitions.rules import staff_lines
from petitions.rules.duties import DeadlineOfRow
from petitions.rules.staff_lines import StaffLine
from petitions.workflow import task_verbs
from tests.support import task_steps
from tests.support.cast import Stage
from tests.support.clients import counted, login

NOW = dt.datetime(2026, 3, 3, 11, 0, tzinfo=timezone.get_default_timezone())
DECIDE = "供水公司退回了任务，请您决定：再交办、换一家或撤销。"
REASON = "是热力公司的管"


def _line(stage: Stage, petition: Petition, reader: str | None) -> StaffLine:
    case = Petition.objects.with_parts().get(pk=petition.pk)
    owed = Deadline.objects.owed().filter(petition=case)
    return staff_lines.staff_line(case, NOW, owed, stage.cast[reader] if reader else None)


def _primary(stage: Stage, petition: Petition, reader: str) -> list[str]:
    case = Petition.objects.get(pk=petition.pk)
    return [button.label for button in actions(case, stage.cast[reader]).primary]


def test_the_orderer_decides(stage: Stage) -> None:
    petition = task_steps.handed_back(stage, now=NOW)
    line = _line(stage, petition, "community")
    assert (line.text, line.state, line.is_own, line.due) == (DECIDE, "soon", True, None)
    assert _primary(stage, petition, "community")[0] == Verb.SEND_AGAIN.label


@pytest.mark.parametrize("reader", ["secretary", "clerk", "official", "department", None])
def test_others_do_not(stage: Stage, reader: str | None) -> None:
    petition = task_steps.handed_back(stage, now=NOW)
    assert "退回" not in _line(stage, petition, reader).text
    if reader is not None:
        assert Verb.SEND_AGAIN.label not in _primary(stage, petition, reader)


@pytest.mark.parametrize("verb", ["send_again", "cancel"])
def test_the_line_ends_with_the_decision(stage: Stage, verb: str) -> None:
    petition = task_steps.handed_back(stage, now=NOW)
    field = "text" if verb == "send_again" else "reason"
    act = getattr(task_verbs, verb)
    act(petition=petition, by=stage.cast["community"], now=NOW, **{field: "请再看"})
    assert not _line(stage, petition, "community").is_own
    assert Verb.SEND_AGAIN.label not in _primary(stage, petition, "community")


@pytest.mark.parametrize("outcome", [TaskState.DONE, TaskState.NOT_POSSIBLE])
def test_a_task_that_was_concluded_is_sent_again_from_the_menu(
    stage: Stage, outcome: TaskState
) -> None:
    petition = task_steps.concluded(stage, outcome, now=NOW)
    assert Verb.SEND_AGAIN.label not in _primary(stage, petition, "community")


def test_an_answer_that_is_owed_comes_first(stage: Stage) -> None:
    petition = Petition.objects.get(pk=task_steps.handed_back(stage, now=NOW).pk)
    petition.is_answer_owed = True
    due = NOW + dt.timedelta(hours=2)
    owed = [DeadlineOfRow(DeadlineKind.ANSWER, due, due, DeadlineState.OPEN)]
    community = stage.cast["community"]
    line = staff_lines.staff_line(petition, NOW, owed, community)
    assert line.text == f"请您在3月3日 13:00前答复这次升级。{DECIDE}"
    assert line.due is not None
    buttons = [button.label for button in actions(petition, community).primary]
    assert buttons[:2] == [Verb.ANSWER.label, Verb.SEND_AGAIN.label]


@pytest.mark.parametrize("path", ["", "print/"])
def test_the_reason_stands_beside_the_task(stage: Stage, path: str) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    heating, _user = task_steps.second_department(stage)
    by = stage.cast["department"]
    task_verbs.hand_back(petition=petition, by=by, now=NOW, reason=REASON, proposed=heating)
    client = login(stage, "community")
    page = client.get(petition.get_absolute_url() + path)
    (item,) = page.context["detail"].tasks
    assert item.reason == f"{REASON}\n建议由 热力公司 办理。"
    assert page.content.decode().count(REASON) == 2  # the task and the timeline
    task_verbs.send_again(petition=petition, by=stage.cast["community"], now=NOW, text="再看")
    (item,) = client.get(petition.get_absolute_url()).context["detail"].tasks
    assert item.reason == ""


def test_the_decision_takes_no_query(stage: Stage) -> None:
    client = login(stage, "community")
    costs = []
    for petition in (task_steps.ordered(stage), task_steps.handed_back(stage)):
        client.get(petition.get_absolute_url())
        with counted() as queries:
            client.get(petition.get_absolute_url())
        costs.append(len(queries))
    assert costs[1] <= costs[0]
