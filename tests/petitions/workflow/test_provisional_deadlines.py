"""Provisional deadlines become final when the calendar of the year is published."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from grids import workflow
from grids.models import CalendarDay
from members.models import InboxMessage
from petitions.enums import DeadlineKind, DeadlineState, Status, Urgency, Verb
from petitions.models import Deadline, Event, Petition
from petitions.notices import outbox
from petitions.ops import integrity, scheduled_tasks
from petitions.workflow import deadline_sweep, escalation, provisional_deadlines
from tests.support import task_steps
from tests.support.cast import HOUR, WORKDAY, Stage
from tests.support.clients import login
from tests.support.tracking_client import open_case

TZ = timezone.get_default_timezone()
FILED = dt.datetime(2026, 12, 31, 18, 0, tzinfo=TZ)
LATER = dt.datetime(2027, 1, 1, 9, 0, tzinfo=TZ)
NEW_YEAR = [
    {"date": f"2027-01-0{day}", "kind": "holiday", "is_workday": "false", "name": "元旦"}
    for day in (1, 2, 3)
]


def _import(stage: Stage, rows: list[dict[str, str]]) -> None:
    workflow.import_calendar(region=stage.town.areas["city"], rows=rows, source="通知")


@pytest.fixture
def petition(stage: Stage) -> Petition:
    """A case of New Year's Eve; the calendar of 2026 is known, that of 2027 is not."""
    _import(
        stage,
        [{"date": "2026-01-01", "kind": "holiday", "is_workday": "false", "name": "元旦"}],
    )
    return stage.file(now=FILED, urgency=Urgency.NORMAL).petition


def _running(petition: Petition) -> dict[str, Deadline]:
    return {row.kind: row for row in Deadline.objects.open().filter(petition=petition)}


def _reschedule(now: dt.datetime = LATER) -> int:
    return provisional_deadlines.reschedule_known(now=now, limit=50).done


def test_deadlines_move_when_the_calendar_arrives(stage: Stage, petition: Petition) -> None:
    before = _running(petition)
    assert all(row.is_provisional for row in before.values())
    assert before["contact"].due_at == dt.datetime(2027, 1, 1, 18, 0, tzinfo=TZ)
    assert _reschedule() == 0
    _import(stage, NEW_YEAR)
    assert _reschedule() + _reschedule() == 2
    rows = _running(petition)
    assert rows["contact"].due_at == dt.datetime(2027, 1, 4, 18, 0, tzinfo=TZ)
    assert rows["resolution"].due_at == dt.datetime(2027, 1, 8, 18, 0, tzinfo=TZ)
    assert not any(row.is_provisional for row in rows.values())
    petition = Petition.objects.get(pk=petition.pk)
    assert petition.due_at == rows["contact"].due_at
    assert petition.soon_at == rows["contact"].remind_at
    assert not petition.is_due_provisional
    assert petition.status == Status.SUBMITTED
    assert _reschedule() == 0
    found = integrity.check(LATER, with_photos=False)
    assert not found["due_at_is_not_the_first_limit"]
    assert not found["running_without_limit"]


def test_deadlines_of_a_task_move_with_their_task(stage: Stage, petition: Petition) -> None:
    del petition  # only its calendar is needed
    sent_at = FILED - dt.timedelta(days=1)
    normal = stage.at(Status.IN_PROGRESS, now=sent_at, urgency=Urgency.NORMAL)
    case = task_steps.ordered(stage, now=sent_at, petition=normal, within=40 * HOUR)
    task = task_steps.task_of(case)
    _import(stage, NEW_YEAR)
    while _reschedule():
        pass
    rows = {row.kind: row for row in Deadline.objects.open().filter(task=task)}
    assert rows["conclude"].due_at == dt.datetime(2027, 1, 7, 18, 0, tzinfo=TZ)
    moved = task_steps.task_of(case)
    assert moved.due_at == rows["conclude"].due_at > task.due_at
    assert moved.acknowledge_by == rows["acknowledge"].due_at
    assert moved.version == task.version
    found = integrity.check(LATER, with_photos=False)
    assert not any(number for name, number in found.items() if "task" in name), found


def test_event_and_notice_tell_of_it(stage: Stage, petition: Petition) -> None:
    _import(stage, NEW_YEAR)
    _reschedule()
    _reschedule()
    events = Event.objects.filter(petition=petition, verb=Verb.RESCHEDULE)
    assert {event.data["kind"] for event in events} == {"contact", "resolution"}
    outbox.publish([event.pk for event in events])
    messages = InboxMessage.objects.filter(kind="deadline")
    assert {row.user.username for row in messages} == {"secretary"}
    page = login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    assert "“首次响应”时限由暂定的1月1日 18:00改到1月4日 18:00。" in page
    assert "“办结”时限由暂定的1月7日 18:00改到1月8日 18:00。" in page
    assert "改到1月4日 18:00。" in open_case(Client(), petition)


def test_the_task_looks_again_when_the_registers_change(stage: Stage, petition: Petition) -> None:
    assert scheduled_tasks.reschedule_deadlines() == 0
    _import(stage, NEW_YEAR)
    assert scheduled_tasks.reschedule_deadlines() == 2
    assert not any(row.is_provisional for row in _running(petition).values())


def test_days_entered_one_by_one_are_followed(stage: Stage, petition: Petition) -> None:
    _import(stage, NEW_YEAR[:1])
    assert _reschedule() + _reschedule() == 2
    monday = {"date": "2027-01-04", "kind": "holiday", "is_workday": "false", "name": "元旦"}
    _import(stage, [*NEW_YEAR, monday])
    assert _reschedule() + _reschedule() == 2
    assert _running(petition)["contact"].due_at == dt.datetime(2027, 1, 5, 18, 0, tzinfo=TZ)


def test_a_deadline_that_has_passed_stays_and_is_final(stage: Stage, petition: Petition) -> None:
    row = _running(petition)["contact"]
    at = row.due_at
    assert deadline_sweep.expire(deadline_id=row.pk, now=at)
    _import(stage, NEW_YEAR)
    while _reschedule(at):
        pass
    row.refresh_from_db()
    assert (row.state, row.due_at, row.is_provisional) == (DeadlineState.FIRED, at, False)
    answer = _running(petition)["answer"]
    assert answer.due_at == dt.datetime(2027, 1, 4, 19, 30, tzinfo=TZ)
    case = Petition.objects.get(pk=petition.pk)
    assert (case.due_at, case.is_due_provisional) == (at, False)
    assert case.answer_due_at == answer.due_at


def test_an_extension_keeps_its_length(stage: Stage) -> None:
    _import(
        stage,
        [{"date": "2026-01-01", "kind": "holiday", "is_workday": "false", "name": "元旦"}],
    )
    petition = stage.at(Status.IN_PROGRESS, now=FILED - 4 * HOUR, urgency=Urgency.NORMAL)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=FILED, reason="资金")
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=FILED,
        kind="extend",  # type: ignore[arg-type]
        text="同意",
        extension=10 * WORKDAY,
    )
    _import(stage, NEW_YEAR)
    while _reschedule():
        pass
    row = _running(petition)["resolution"]
    assert row.due_at == dt.datetime(2027, 1, 15, 18, 0, tzinfo=TZ)


def test_the_question_to_the_resident_is_rescheduled_too(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=FILED)
    assert _running(petition)["confirmation"].is_provisional
    _import(stage, [{**NEW_YEAR[0], "date": "2026-12-25"}, *NEW_YEAR])
    assert _reschedule() == 1
    assert _running(petition)["confirmation"].due_at == dt.datetime(2027, 1, 8, 18, 0, tzinfo=TZ)


def test_a_deadline_of_an_earlier_release_is_measured(stage: Stage, petition: Petition) -> None:
    Deadline.objects.filter(petition=petition).update(allowed=None)
    _import(stage, NEW_YEAR)
    while _reschedule():
        pass
    assert _running(petition)["resolution"].due_at == dt.datetime(2027, 1, 8, 18, 0, tzinfo=TZ)


def test_the_length_is_stored(petition: Petition) -> None:
    lengths = {kind: row.allowed for kind, row in _running(petition).items()}
    assert lengths == {DeadlineKind.CONTACT: WORKDAY, DeadlineKind.RESOLUTION: 5 * WORKDAY}
    assert not CalendarDay.objects.filter(date__year=2027).exists()
