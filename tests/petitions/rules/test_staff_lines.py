"""The line of a case for staff: each reader's own duty, otherwise whose turn it is."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import DeadlineKind, Status
from petitions.models import Deadline, Petition
from petitions.rules import staff_lines
from petitions.rules.staff_lines import StaffLine
from petitions.workflow import deadline_sweep, escalation
from tests.support import task_steps
from tests.support.cast import PATHS, Stage

NOW = dt.datetime(2026, 3, 3, 11, 0, tzinfo=timezone.get_default_timezone())


def _line(
    stage: Stage, petition: Petition, reader: str | None, now: dt.datetime = NOW
) -> StaffLine:
    case = Petition.objects.with_parts().get(pk=petition.pk)
    owed = Deadline.objects.owed().filter(petition=case)
    return staff_lines.staff_line(case, now, owed, stage.cast[reader] if reader else None)


@pytest.mark.parametrize(
    ("status", "reader", "text"),
    [
        (Status.SUBMITTED, "secretary", "请您在3月3日 13:00前受理。"),
        (Status.SUBMITTED, "clerk", "等第三网格党支部在3月3日 13:00前受理。"),
        (Status.SUBMITTED, None, "等第三网格党支部在3月3日 13:00前受理。"),
        (Status.ACCEPTED, "secretary", "请您在3月4日 11:00前办结并答复居民。"),
        (Status.ACCEPTED, "official", "等第三网格党支部在3月4日 11:00前办结。"),
        (Status.ASSIGNED, "leader", "请您抓紧办理，第三网格党支部要在3月4日 11:00前答复居民。"),
        (
            Status.RESOLVED,
            "secretary",
            "等居民在3月10日 11:00前回复；逾期未回复将自动结案。",
        ),
        (
            Status.RESOLVED,
            "clerk",
            "等居民在3月10日 11:00前回复；逾期未回复将自动结案。可以打电话回访。",
        ),
        (Status.CLOSED, "secretary", "已经办完：已结案。"),
    ],
)
def test_each_reader_has_a_line(
    stage: Stage, status: Status, reader: str | None, text: str
) -> None:
    assert _line(stage, stage.at(status, now=NOW), reader).text == text


def test_a_returned_case_is_decided_by_the_organisation_above(stage: Stage) -> None:
    petition = stage.at(Status.RETURNED, now=NOW)
    assert _line(stage, petition, "community").text.startswith("请您在")
    assert _line(stage, petition, "community").is_own
    assert _line(stage, petition, "secretary").text.startswith("等迎宾路社区党委在")
    assert not _line(stage, petition, "secretary").is_own


def test_the_supervisor_reads_the_own_deadline_and_the_handler_the_own(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    row = Deadline.objects.owed().get(petition=petition, kind=DeadlineKind.CONTACT)
    at = row.due_at
    assert deadline_sweep.expire(deadline_id=row.pk, now=at)
    answering, handling = (_line(stage, petition, name, at) for name in ("community", "secretary"))
    assert answering.text == "请您在3月3日 15:00前答复这次升级。"
    assert answering.state == "ok"
    assert handling.text == "您应在3月3日 13:00前受理，已超期，请马上受理。"
    assert handling.state == "overdue"
    assert _line(stage, petition, "clerk", at).text == "等迎宾路社区党委在3月3日 15:00前答复升级。"


def test_an_escalation_asked_for_names_who_must_answer(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="要资金")
    late = NOW + dt.timedelta(hours=3)
    assert _line(stage, petition, "official", late).text == (
        "迎宾路社区党委应在3月3日 13:00前答复升级，已超期。"
    )
    assert "请马上答复" in _line(stage, petition, "community", late).text


@pytest.mark.parametrize("status", PATHS)
def test_no_line_speaks_to_the_resident(stage: Stage, status: Status) -> None:
    petition = stage.at(status, now=NOW)
    for reader in (None, "secretary", "clerk", "community", "official"):
        text = _line(stage, petition, reader).text
        assert text.endswith("。")
        assert "%(" not in text
        assert "告诉您" not in text
        assert "是否解决" not in text


def test_a_task_is_the_own_line_of_its_department_only(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    own, other = (_line(stage, petition, name) for name in ("department", "secretary"))
    assert own.is_own
    assert own.text.startswith("请您在3月3日")
    assert own.text.endswith("前签收交办的任务。")
    assert "任务" not in other.text
