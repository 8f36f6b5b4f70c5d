"""Tasks of departments: deadlines, states, verbs over several tasks, the end of the case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.enums import Role
from members.models import InboxMessage, User
from members.workflow import appoint
from petitions.enums import (
    TASK_DEADLINES,
    AnswerKind,
    DeadlineKind,
    DeadlineState,
    Outcome,
    Status,
    TaskState,
    Verb,
)
from petitions.models import CaseTask, Deadline, Event, Petition
from petitions.ops import integrity
from petitions.ops.scheduled_tasks import drain_outbox
from petitions.refusals import tasks_for
from petitions.workflow import escalation, handling, resolution, task_verbs
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support import task_steps
from tests.support.cast import SINCE, Stage

HOUR = dt.timedelta(hours=1)
NOW = timezone.now()


def _owed(petition: Petition) -> dict[str, Deadline]:
    rows = Deadline.objects.owed().filter(petition=petition, kind__in=TASK_DEADLINES)
    return {row.kind: row for row in rows}


def _broken() -> dict[str, int]:
    drain_outbox()
    counts = integrity.check(NOW, with_photos=False)
    return {name: number for name, number in counts.items() if number}


def test_an_order_is_a_task_with_its_own_deadlines(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    task = task_steps.task_of(petition)
    orgs = stage.town.orgs
    assert (task.orderer, task.doer) == (orgs["yingbin"], orgs["water"])
    assert (task.state, task.text, task.round, task.version) == ("sent", "请换立管", 1, 1)
    # The cast's standard leaves both times at their defaults; an urgent case counts every minute.
    owed = _owed(petition)
    assert {kind: row.due_at - NOW for kind, row in owed.items()} == {
        DeadlineKind.ACKNOWLEDGE: 4 * HOUR,
        DeadlineKind.CONCLUDE: 24 * HOUR,
    }
    assert {row.organisation for row in owed.values()} == {orgs["water"]}
    assert (task.acknowledge_by, task.due_at) == (NOW + 4 * HOUR, NOW + 24 * HOUR)
    assert _broken() == {}


def test_the_case_keeps_its_status_and_deadlines(stage: Stage) -> None:
    before = stage.at(Status.IN_PROGRESS, now=NOW)
    after = task_steps.ordered(stage, petition=before, now=NOW)
    assert (after.status, after.organisation, after.due_at) == (
        before.status,
        before.organisation,
        before.due_at,
    )
    resolution_deadline = Deadline.objects.get(petition=after, kind=DeadlineKind.RESOLUTION)
    assert resolution_deadline.state == DeadlineState.OPEN
    assert resolution_deadline.task is None


def test_a_case_without_tasks_is_not_asked_for_them(
    stage: Stage, django_assert_num_queries: Any
) -> None:
    petition = Petition.objects.get(pk=stage.at(Status.ACCEPTED).pk)
    with django_assert_num_queries(0):
        assert petition.case_tasks == []


def test_the_orderer_sets_the_time(stage: Stage) -> None:
    task = task_steps.task_of(task_steps.ordered(stage, now=NOW, within=2 * HOUR))
    assert task.due_at - NOW == 2 * HOUR
    assert task.acknowledge_by == task.due_at  # never later than the conclusion


@pytest.mark.parametrize("within", [dt.timedelta(), dt.timedelta(days=31)])
def test_an_impossible_time_is_refused(stage: Stage, within: dt.timedelta) -> None:
    with pytest.raises(WrongState, match="30"):
        task_steps.ordered(stage, within=within)


def test_acknowledging_meets_the_first_deadline_only(stage: Stage) -> None:
    petition = task_steps.acknowledged(stage, now=NOW)
    assert set(_owed(petition)) == {DeadlineKind.CONCLUDE}
    row = Deadline.objects.get(petition=petition, kind=DeadlineKind.ACKNOWLEDGE)
    assert row.state == DeadlineState.MET
    assert task_steps.task_of(petition).state == TaskState.ACKNOWLEDGED
    assert _broken() == {}


@pytest.mark.parametrize("outcome", [TaskState.DONE, TaskState.NOT_POSSIBLE])
def test_concluding_ends_the_task_and_not_the_case(stage: Stage, outcome: TaskState) -> None:
    petition = task_steps.concluded(stage, outcome, now=NOW)
    task = task_steps.task_of(petition)
    assert (task.state, task.ended_at, task.version) == (outcome, NOW, 3)
    assert not _owed(petition)
    assert petition.status == Status.IN_PROGRESS
    assert petition.due_at is not None
    assert _broken() == {}


def test_a_task_can_be_concluded_without_acknowledging_it(stage: Stage) -> None:
    petition = task_verbs.conclude(
        petition=task_steps.ordered(stage, now=NOW),
        by=stage.cast["department"],
        now=NOW,
        outcome=TaskState.DONE,
        text="已换",
    )
    states = Deadline.objects.filter(task__petition=petition).values_list("state", flat=True)
    assert set(states) == {DeadlineState.MET}


def test_only_the_two_replies_conclude_a_task(stage: Stage) -> None:
    with pytest.raises(WrongState):
        task_steps.concluded(stage, TaskState.CANCELLED)


def test_a_task_handed_back_waits_for_the_orderer_and_is_sent_again(stage: Stage) -> None:
    petition = task_steps.handed_back(stage, now=NOW)
    assert not _owed(petition)
    assert task_steps.task_of(petition).state == TaskState.HANDED_BACK
    later = NOW + HOUR
    task_verbs.send_again(
        petition=petition, by=stage.cast["community"], now=later, text="还请到场核实"
    )
    task = task_steps.task_of(petition)
    assert (task.state, task.round, task.text) == (TaskState.SENT, 2, "还请到场核实")
    assert _owed(petition)[DeadlineKind.CONCLUDE].due_at == later + 24 * HOUR == task.due_at
    assert _broken() == {}


def test_a_task_sent_to_another_department_moves_the_access(stage: Stage) -> None:
    heating, fitter = task_steps.second_department(stage)
    petition = task_steps.handed_back(stage, now=NOW)
    task_verbs.send_again(
        petition=petition,
        by=stage.cast["community"],
        now=NOW,
        text="请热力公司办",
        department=heating,
    )
    assert task_steps.task_of(petition).doer == heating
    assert Petition.objects.visible_to(fitter).get() == petition
    assert not Petition.objects.visible_to(stage.cast["department"]).exists()
    assert _broken() == {}


def test_a_cancelled_task_has_no_deadline(stage: Stage) -> None:
    petition = task_verbs.cancel(
        petition=task_steps.acknowledged(stage, now=NOW),
        by=stage.cast["community"],
        now=NOW,
        reason="支部自己找人修了",
    )
    assert not _owed(petition)
    assert task_steps.task_of(petition).state == TaskState.CANCELLED
    assert _broken() == {}


def _second_order(stage: Stage, petition: Petition, department: object) -> Petition:
    petition = escalation.escalate(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="还要热力公司"
    )
    return escalation.answer(
        petition=petition,
        by=stage.cast["official"],
        now=NOW,
        kind=AnswerKind.DEPARTMENT,
        text="请关阀",
        department=department,  # type: ignore[arg-type]
    )


def test_several_tasks_run_at_once(stage: Stage) -> None:
    heating, fitter = task_steps.second_department(stage)
    petition = _second_order(stage, task_steps.ordered(stage, now=NOW), heating)
    assert CaseTask.objects.active().filter(petition=petition).count() == 2
    assert petition.doer_ids == sorted([stage.town.orgs["water"].pk, heating.pk])
    for who in (stage.cast["department"], fitter):
        assert Petition.objects.visible_to(who).get() == petition
    petition = task_verbs.acknowledge(petition=petition, by=fitter, now=NOW)
    states = dict(CaseTask.objects.values_list("doer__short_name", "state"))
    assert states == {"供水公司": TaskState.SENT, "热力公司": TaskState.ACKNOWLEDGED}
    open_kinds = Deadline.objects.open().filter(task__doer=stage.town.orgs["water"])
    assert open_kinds.count() == 2
    assert _broken() == {}


def test_each_organisation_acts_on_its_own_tasks_only(stage: Stage) -> None:
    heating, fitter = task_steps.second_department(stage)
    petition = _second_order(stage, task_steps.ordered(stage, now=NOW), heating)
    cast = stage.cast
    water_task, heating_task = petition.case_tasks
    assert tasks_for(Verb.CANCEL, petition, cast["community"]) == [water_task]
    assert tasks_for(Verb.CANCEL, petition, cast["official"]) == [heating_task]
    assert tasks_for(Verb.CONCLUDE, petition, fitter) == [heating_task]
    with pytest.raises(WrongState):
        task_verbs.cancel(
            petition=petition,
            by=cast["community"],
            now=NOW,
            reason="撤",
            task=heating_task.pk,
        )
    with pytest.raises(NotPermitted):
        task_verbs.cancel(petition=petition, by=cast["secretary"], now=NOW, reason="撤")


def test_with_two_posts_the_task_must_be_named(stage: Stage) -> None:
    heating, _fitter = task_steps.second_department(stage)
    both = stage.cast["department"]
    appoint(
        user=both,
        role=Role.DEPARTMENT_HANDLER,
        by=None,
        valid_from=SINCE,
        organisation=heating,
    )
    both = User.objects.get(pk=both.pk)
    petition = _second_order(stage, task_steps.ordered(stage, now=NOW), heating)
    done = {"by": both, "now": NOW, "outcome": TaskState.DONE, "text": "好了"}
    with pytest.raises(WrongState, match="哪一项"):
        task_verbs.conclude(petition=petition, **done)
    second = petition.case_tasks[1]
    task_verbs.conclude(petition=petition, **done, task=second.pk)
    second.refresh_from_db()
    assert second.state == TaskState.DONE
    event = Event.objects.filter(petition=petition).latest("version")
    assert (event.acting_for, event.data["task"]) == (heating, second.pk)


def test_a_department_gets_one_active_task_of_a_case(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOW)
    with pytest.raises(WrongState, match="已有一项任务"):
        _second_order(stage, petition, stage.town.orgs["water"])
    row = CaseTask.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_the_department_complained_about_gets_no_task(stage: Stage) -> None:
    petition = escalation.escalate(
        petition=stage.at(Status.IN_PROGRESS, now=NOW),
        by=stage.cast["secretary"],
        now=NOW,
        reason="难",
    )
    Petition.objects.filter(pk=petition.pk).update(about_organisation=stage.town.orgs["water"])
    with pytest.raises(WrongState, match="被反映"):
        escalation.answer(
            petition=petition,
            by=stage.cast["community"],
            now=NOW,
            kind=AnswerKind.DEPARTMENT,
            text="请办",
            department=stage.town.orgs["water"],
        )


# --- The end of the case -------------------------------------------------------------------------


def _resolve(stage: Stage, petition: Petition) -> Petition:
    return resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="铁管",
        public_answer="已换管。",
    )


def test_the_answer_to_the_resident_cancels_open_tasks(stage: Stage) -> None:
    petition = _resolve(stage, task_steps.ordered(stage, now=NOW))
    assert task_steps.task_of(petition).state == TaskState.CANCELLED
    assert not _owed(petition)
    assert _broken() == {}
    message = InboxMessage.objects.get(kind="cancelled")
    assert message.user == stage.cast["department"]


def test_the_answer_leaves_concluded_tasks_as_they_are(stage: Stage) -> None:
    petition = _resolve(stage, task_steps.concluded(stage, now=NOW))
    assert task_steps.task_of(petition).state == TaskState.DONE
    assert not InboxMessage.objects.filter(kind="cancelled").exists()
    assert _broken() == {}


def test_withdrawing_the_report_cancels_open_tasks(stage: Stage) -> None:
    petition = task_steps.acknowledged(stage, now=NOW)
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=NOW)
    assert task_steps.task_of(petition).state == TaskState.CANCELLED
    assert _broken() == {}


def test_the_end_of_a_case_without_tasks_names_no_doers(stage: Stage) -> None:
    petition = stage.at(Status.WITHDRAWN, now=NOW)
    event = Event.objects.get(petition=petition, verb=Verb.WITHDRAW)
    assert "doers" not in event.data


def test_redirecting_the_case_cancels_open_tasks(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    petition = task_steps.ordered(stage, petition=petition, now=NOW)
    handling.redirect(petition=petition, by=stage.cast["secretary"], now=NOW, reason="法院")
    assert task_steps.task_of(petition).state == TaskState.CANCELLED
    assert _broken() == {}
