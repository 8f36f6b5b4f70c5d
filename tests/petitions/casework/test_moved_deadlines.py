"""The reply time of a department is not told as the deadline of the case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import AnswerKind, Status, Verb
from petitions.models import Deadline, Event, Petition
from petitions.rules import moved_deadlines
from petitions.workflow import deadline_sweep, escalation
from tests.support import task_steps
from tests.support.cast import WORKDAY, Stage
from tests.support.clients import login
from tests.support.tracking_client import open_case

NOW = timezone.now()
WITHIN = dt.timedelta(hours=2)


def _answered(stage: Stage, kind: AnswerKind, **arguments: Any) -> Petition:
    petition = escalation.escalate(
        petition=stage.at(Status.IN_PROGRESS, now=NOW),
        by=stage.cast["secretary"],
        now=NOW,
        reason="要换立管",
    )
    by = stage.cast["community"]
    escalation.answer(
        petition=petition,
        by=by,
        now=NOW,
        kind=kind,
        text="同意",
        **arguments,
    )
    return petition


def _said(petition: Petition) -> str:
    return moved_deadlines.sentence(petition.events.filter(verb="answer").latest("id"))


def test_an_order_moves_no_deadline_of_the_case(client: Client, stage: Stage) -> None:
    before = task_steps.ordered(stage, now=NOW, within=WITHIN)
    page = login(stage, "community").get(before.get_absolute_url())
    texts = [entry.text for entry in page.context["detail"].entries]
    assert any("由 供水公司 办理。最晚" in text for text in texts)
    assert "新的办结时限" not in page.content.decode()
    assert "办结时限" not in open_case(client, before)
    assert _said(before) == ""


def test_an_extension_says_its_date(stage: Stage) -> None:
    petition = _answered(stage, AnswerKind.EXTEND, extension=30 * WORKDAY)
    assert _said(petition).startswith("办结时限由")


@pytest.mark.parametrize(
    ("kind", "has_task"), [(AnswerKind.RESOURCES, False), (AnswerKind.DEPARTMENT, True)]
)
def test_an_answer_after_the_deadline_says_the_new_date_of_the_case(
    stage: Stage, kind: AnswerKind, has_task: bool
) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    row = Deadline.objects.owed().get(petition=petition, kind="resolution")
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    arguments: dict[str, Any] = (
        {"department": stage.town.orgs["water"], "within": WITHIN} if has_task else {}
    )
    petition = escalation.answer(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.cast["community"],
        now=row.due_at,
        kind=kind,
        text="同意",
        **arguments,
    )
    following = Deadline.objects.open().get(petition=petition, kind="resolution")
    shown = timezone.localtime(following.due_at)
    assert _said(petition).startswith("原定时限已过，新的办结时限：")
    assert f"{shown.month}月{shown.day}日 {shown:%H:%M}" in _said(petition)


@pytest.mark.parametrize(
    ("later", "words"), [(dt.timedelta(), "时限不变"), (dt.timedelta(hours=1), "改到")]
)
def test_a_recomputed_deadline_says_whether_it_moved(later: dt.timedelta, words: str) -> None:
    data = {
        "kind": "resolution",
        "was_due_at": NOW.isoformat(),
        "due_at": (NOW + later).isoformat(),
    }
    assert words in moved_deadlines.sentence(Event(verb=Verb.RESCHEDULE, at=NOW, data=data))
