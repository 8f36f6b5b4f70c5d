"""Limits that pass: each climbs exactly once, to the next held post, and must be answered."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.lib.db import backoff
from members.enums import Role
from members.models import InboxMessage, Post
from members.workflow import appoint, end_post
from petitions import tasks
from petitions.enums import AnswerKind, CaseLevel, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Deadline, Escalation, Event, Feedback, Petition
from petitions.notices import notification_rules, outbox
from petitions.ops import scheduled_tasks
from petitions.workflow import deadline_sweep, escalation, handling
from petitions.workflow.transitions import Transition, WrongState
from tests.support.cast import Stage, build_cast, build_town

HOUR = dt.timedelta(hours=1)
LONG_AGO = timezone.now() - 3 * HOUR


def _due(petition: Petition, kind: DeadlineKind) -> Deadline:
    return Deadline.objects.open().get(petition=petition, kind=kind)


def _fire(petition: Petition, kind: DeadlineKind, after: dt.timedelta = HOUR) -> dt.datetime:
    deadline = _due(petition, kind)
    now = deadline.due_at + after
    assert deadline_sweep.expire(deadline_id=deadline.pk, now=now)
    petition.refresh_from_db()
    return now


def test_unaccepted_case_climbs_to_community_then_subdistrict_then_city(stage: Stage) -> None:
    petition = stage.file().petition
    for level, org in (("community", "yingbin"), ("subdistrict", "fuxin"), ("city", "city")):
        _fire(petition, DeadlineKind.CONTACT if level == "community" else DeadlineKind.ANSWER)
        assert petition.level == level
        assert petition.supervisor == stage.town.orgs[org]
        assert petition.is_answer_owed
        assert petition.organisation == stage.town.orgs["branch"]
        assert petition.status == Status.SUBMITTED
    assert Escalation.objects.filter(petition=petition).count() == 3


def test_at_the_city_there_is_no_rung_above_and_nothing_is_lost(stage: Stage) -> None:
    petition = stage.file().petition
    for kind in (
        DeadlineKind.CONTACT,
        DeadlineKind.ANSWER,
        DeadlineKind.ANSWER,
        DeadlineKind.ANSWER,
    ):
        _fire(petition, kind)
    assert petition.supervisor == stage.town.orgs["city"]
    assert petition.is_answer_owed
    assert not Deadline.objects.open().filter(kind=DeadlineKind.ANSWER).exists()


def test_case_in_a_groups_hands_climbs_to_its_branch_first(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    _fire(petition, DeadlineKind.RESOLUTION)
    assert petition.supervisor == stage.town.orgs["branch"]
    assert petition.level == CaseLevel.GRID
    _fire(petition, DeadlineKind.ANSWER)
    assert petition.supervisor == stage.town.orgs["yingbin"]


def test_vacant_post_is_passed_over_with_a_notice(stage: Stage) -> None:
    Post.objects.filter(user=stage.cast["community"]).delete()
    petition = stage.file().petition
    _fire(petition, DeadlineKind.CONTACT)
    row = Escalation.objects.get(petition=petition)
    assert row.to_organisation == stage.town.orgs["fuxin"]
    assert row.skipped == [stage.town.orgs["yingbin"].pk]
    event = Event.objects.get(petition=petition, verb=Verb.ESCALATE)
    outbox.publish([event.pk])
    kinds = InboxMessage.objects.filter(user=stage.cast["official"]).values_list("kind", flat=True)
    assert set(kinds) == {"escalated", "data_quality"}


def test_deputy_is_asked_while_the_holder_is_missing(stage: Stage) -> None:
    Post.objects.filter(user=stage.cast["secretary"]).delete()
    petition = stage.file().petition
    outbox.publish([Event.objects.get(petition=petition).pk])
    assert InboxMessage.objects.get(kind="to_accept").user == stage.cast["deputy"]


def test_conflicted_organisation_is_not_asked_to_supervise(stage: Stage) -> None:
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    _fire(petition, DeadlineKind.CONTACT)
    assert petition.supervisor == stage.town.orgs["fuxin"]


@pytest.mark.parametrize("kind", [AnswerKind.RESOURCES, AnswerKind.OVERRULE, AnswerKind.EXPLAIN])
def test_answer_ends_the_duty_and_keeps_handler_and_history(stage: Stage, kind: AnswerKind) -> None:
    petition = stage.file().petition
    now = _fire(petition, DeadlineKind.CONTACT)
    escalation.answer(
        petition=petition, by=stage.cast["community"], now=now, kind=kind, text="派人支援"
    )
    petition.refresh_from_db()
    assert not petition.is_answer_owed
    assert petition.organisation == stage.town.orgs["branch"]
    assert Escalation.objects.get(petition=petition).answer_kind == kind
    assert (
        Deadline.objects.get(petition=petition, kind=DeadlineKind.ANSWER).state == DeadlineState.MET
    )
    public = kind == AnswerKind.EXPLAIN
    assert petition.notes.get(body="派人支援").is_public is public


def test_answer_by_extension_moves_the_limit_and_leaves_a_trace(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    now = _fire(petition, DeadlineKind.RESOLUTION)
    assert petition.due_at is not None
    assert petition.due_at < now
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=now,
        kind=AnswerKind.EXTEND,
        text="等管件",
        extension=24 * HOUR,
    )
    petition.refresh_from_db()
    assert petition.due_at == now + 24 * HOUR
    rows = Deadline.objects.filter(petition=petition, kind=DeadlineKind.RESOLUTION).order_by("id")
    assert [row.state for row in rows] == [DeadlineState.FIRED, DeadlineState.OPEN]


def test_answer_by_ordering_a_department_draws_it_in(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    now = _fire(petition, DeadlineKind.RESOLUTION)
    water = stage.town.orgs["water"]
    assert not Petition.objects.visible_to(stage.cast["department"]).exists()
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=now,
        kind=AnswerKind.DEPARTMENT,
        text="请到场",
        department=water,
    )
    assert Petition.objects.visible_to(stage.cast["department"]).get() == petition


def test_not_due_yet_does_not_fire(stage: Stage) -> None:
    petition = stage.file().petition
    deadline = _due(petition, DeadlineKind.CONTACT)
    early = deadline.due_at - dt.timedelta(seconds=1)
    assert not deadline_sweep.expire(deadline_id=deadline.pk, now=early)


def test_ended_limit_never_fires(stage: Stage) -> None:
    petition = stage.file().petition
    deadline = _due(petition, DeadlineKind.CONTACT)
    handling.accept(petition=petition, by=stage.cast["secretary"], now=timezone.now())
    late = deadline.due_at + HOUR
    assert not deadline_sweep.expire(deadline_id=deadline.pk, now=late)


def test_fired_limit_stays_owed_until_done(stage: Stage) -> None:
    petition = stage.file().petition
    now = _fire(petition, DeadlineKind.CONTACT)
    assert Petition.objects.overdue(now).get() == petition
    handling.accept(petition=petition, by=stage.cast["secretary"], now=now)
    assert not Petition.objects.overdue(now).exists()


def test_reminder_comes_once_at_80_percent(stage: Stage) -> None:
    petition = stage.file().petition
    deadline = _due(petition, DeadlineKind.CONTACT)
    now = deadline.remind_at
    assert Deadline.objects.to_remind(now).first() == deadline
    assert deadline_sweep.remind(deadline_id=deadline.pk, now=now)
    assert not deadline_sweep.remind(deadline_id=deadline.pk, now=now)
    event = Event.objects.get(petition=petition, verb=Verb.REMIND)
    told = notification_rules.recipients(event, notification_rules.RecipientDirectory(now.date()))
    assert told[0].user_ids == (stage.cast["secretary"].pk,)


def test_silence_closes_and_is_counted_as_silence(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    _fire(petition, DeadlineKind.CONFIRMATION)
    assert (petition.status, petition.closed_by) == (Status.CLOSED, "silence")
    assert Feedback.objects.get(petition=petition).solved == "silence"


def test_sweep_takes_everything_due_by_the_databases_clock(stage: Stage) -> None:
    overdue = stage.file(now=LONG_AGO).petition
    fresh = stage.file().petition
    assert scheduled_tasks.sweep_deadlines() == 1
    overdue.refresh_from_db()
    fresh.refresh_from_db()
    assert (overdue.level, fresh.level) == ("community", "grid")
    assert scheduled_tasks.sweep_deadlines() == 0


@pytest.mark.django_db(transaction=True)
def test_three_sweepers_at_once_escalate_each_case_once() -> None:
    """Real rows, real locks: every due limit fires once however many sweep."""
    town = build_town()
    stage = Stage(town, build_cast(town))
    for _i in range(12):
        stage.file(now=LONG_AGO)
    done: list[int] = []

    def sweep() -> None:
        done.append(scheduled_tasks.sweep_deadlines())
        connection.close()

    threads = [threading.Thread(target=sweep) for _i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) + scheduled_tasks.sweep_deadlines() == 12
    assert Escalation.objects.count() == 12
    assert Event.objects.filter(verb=Verb.ESCALATE).count() == 12


def test_ended_post_hears_nothing(stage: Stage) -> None:
    post = Post.objects.get(user=stage.cast["secretary"])
    end_post(post=post, on=timezone.localdate() - dt.timedelta(days=1), by=None)
    petition = stage.file().petition
    event = Event.objects.get(petition=petition)
    told = notification_rules.recipients(
        event, notification_rules.RecipientDirectory(timezone.localdate())
    )
    assert told[0].user_ids == (stage.cast["deputy"].pk,)


def _break(monkeypatch: pytest.MonkeyPatch, *broken: Petition) -> None:
    """Let these cases refuse to climb."""
    climb = escalation.escalate_to

    def sometimes(one: Transition, **told: Any) -> None:
        if one.petition in broken:
            raise WrongState("broken", "broken")
        climb(one, **told)

    monkeypatch.setattr(escalation, "escalate_to", sometimes)


def test_a_limit_that_cannot_go_through_holds_up_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = stage.file(now=LONG_AGO).petition
    fine = stage.file(now=LONG_AGO).petition
    _break(monkeypatch, stuck)
    assert scheduled_tasks.sweep_deadlines() == 1
    fine.refresh_from_db()
    assert fine.level == CaseLevel.COMMUNITY
    assert _due(stuck, DeadlineKind.CONTACT).ended_at is None


def test_a_whole_turn_of_stuck_limits_makes_room_for_those_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled_tasks, "BATCH", 2)
    stuck = [stage.file(now=LONG_AGO - HOUR).petition for _i in range(3)]
    fine = stage.file(now=LONG_AGO).petition
    _break(monkeypatch, *stuck)
    assert scheduled_tasks.sweep_deadlines() == 1
    fine.refresh_from_db()
    assert fine.level == CaseLevel.COMMUNITY


def test_a_stuck_limit_is_tried_again_after_a_wait_that_grows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition = stage.file().petition
    now = _due(petition, DeadlineKind.CONTACT).due_at
    with monkeypatch.context() as broken:
        _break(broken, petition)
        for attempt in (1, 2):
            assert deadline_sweep.expire_due(now=now, limit=5) == deadline_sweep.SweepResult(
                taken=1, done=0
            )
            row = _due(petition, DeadlineKind.CONTACT)
            assert row.attempts == attempt
            assert row.retry_at == now + backoff.delay(attempt)
            just_before = row.retry_at - dt.timedelta(seconds=1)
            assert not deadline_sweep.expire_due(now=just_before, limit=5).taken
            now = row.retry_at
    assert deadline_sweep.expire_due(now=now, limit=5) == deadline_sweep.SweepResult(
        taken=1, done=1
    )


def test_the_wait_grows_to_an_hour_and_no_further() -> None:
    waits = [backoff.delay(attempts) for attempts in range(1, 40)]
    assert waits == sorted(waits)
    assert (waits[0], waits[1], waits[-1]) == (
        dt.timedelta(seconds=10),
        dt.timedelta(seconds=20),
        HOUR,
    )


def test_a_lost_connection_puts_no_limit_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    petition = stage.file(now=LONG_AGO).petition

    def lost(*_asked: object, **_more: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(escalation, "escalate_to", lost)
    monkeypatch.setattr(deadline_sweep, "connection", SimpleNamespace(is_usable=lambda: False))
    with pytest.raises(OperationalError):
        scheduled_tasks.sweep_deadlines()
    assert _due(petition, DeadlineKind.CONTACT).attempts == 0


def test_two_limits_of_one_case_due_together_both_fire(stage: Stage) -> None:
    petition = stage.file(now=LONG_AGO - dt.timedelta(days=60)).petition
    assert {row.kind for row in Deadline.objects.due(timezone.now())} == {
        DeadlineKind.CONTACT,
        DeadlineKind.RESOLUTION,
    }
    assert scheduled_tasks.sweep_deadlines() == 2
    assert Escalation.objects.filter(petition=petition).count() == 2


def test_a_turn_asks_no_more_for_many_cases_than_for_few(
    stage: Stage,
) -> None:
    asked = []
    for many in (2, 12):
        for _i in range(many):
            stage.file(now=LONG_AGO)
        with CaptureQueriesContext(connection) as queries:
            assert deadline_sweep.expire_due(now=timezone.now(), limit=50).done == many
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 14


def test_a_turn_wakes_the_announcer_once(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    woken: list[list[int]] = []
    monkeypatch.setattr(tasks, "notify_workers", woken.append)
    for _i in range(3):
        stage.file(now=LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        assert scheduled_tasks.sweep_deadlines() == 3
    raised = set(Event.objects.filter(verb=Verb.ESCALATE).values_list("pk", flat=True))
    assert [set(ids) for ids in woken] == [raised]


def test_escalating_by_hand_never_ends_at_oneself(stage: Stage) -> None:
    """A branch that handed the case to its group and asks for help asks the community."""
    petition = stage.at(Status.ASSIGNED)
    now = timezone.now()
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=now, reason="要换总管")
    petition.refresh_from_db()
    assert petition.supervisor == stage.town.orgs["yingbin"]


def test_a_head_bound_to_the_body_complained_about_counts_as_vacant(stage: Stage) -> None:
    """The community's only head also leads the group complained about: ask the subdistrict."""
    appoint(
        user=stage.cast["community"],
        role=Role.GROUP_LEADER,
        by=None,
        valid_from=timezone.localdate(),
        organisation=stage.town.orgs["group2"],
    )
    petition = stage.file(place=stage.town.areas["b47"], about=stage.town.orgs["group2"]).petition
    assert petition.organisation == stage.town.orgs["branch"]
    _fire(petition, DeadlineKind.CONTACT)
    assert petition.supervisor == stage.town.orgs["fuxin"]
