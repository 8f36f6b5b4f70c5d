"""The promise of a case that was escalated: which answer it still repeats, and which not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from petitions.enums import AnswerKind, DeadlineKind, Outcome, Status
from petitions.models import Deadline, Petition
from petitions.rules import promises
from petitions.workflow import escalation, rerouting, resolution
from tests.support.cast import Stage

# A Tuesday morning in office hours, in a year whose calendar is known.
NOW = dt.datetime(2026, 3, 3, 11, 0, tzinfo=timezone.get_default_timezone())


def _escalated(stage: Stage) -> Petition:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="换主管")
    return Petition.objects.get(pk=petition.pk)


def _answer(stage: Stage, petition: Petition, **how: Any) -> Petition:
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=NOW,
        kind=AnswerKind.RESOURCES,
        text="派人",
        **how,
    )
    return Petition.objects.get(pk=petition.pk)


def _text_when_the_result_is_late(petition: Petition) -> str:
    case = Petition.objects.with_parts().get(pk=petition.pk)
    owed = Deadline.objects.owed().filter(petition=case)
    due = owed.get(kind=DeadlineKind.RESOLUTION).due_at
    return promises.promise(case, due, owed).text


def test_answer_is_repeated_when_the_result_is_late(stage: Stage) -> None:
    text = _text_when_the_result_is_late(_answer(stage, _escalated(stage)))
    assert text == (
        "迎宾路社区党委已答复：给予资源支持。"
        "第三网格党支部应在3月4日 11:00前给出结果，已超期，正在上报。"
    )


def test_answer_to_the_former_handler_is_not_repeated(stage: Stage) -> None:
    petition = _answer(stage, _escalated(stage))
    rerouting.reassign(
        petition=petition,
        by=stage.cast["official"],
        now=NOW,
        organisation=stage.town.orgs["yingbin"],
        reason="由社区统一办理",
    )
    text = _text_when_the_result_is_late(petition)
    assert "已答复" not in text
    assert "已超期" in text


def test_escalation_without_an_answer_is_not_repeated(stage: Stage) -> None:
    """The case was resolved before the level above answered, and the resident disputes it."""
    petition = _escalated(stage)
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="",
        public_answer="修好了",
    )
    petition = Petition.objects.get(pk=petition.pk)
    resolution.dispute(petition=petition, by=stage.petitioner(petition), now=NOW)
    text = _text_when_the_result_is_late(petition)
    assert "已答复" not in text
    assert "已超期" in text
