"""Telling what the outbox holds: each event once, many at a time, none held up by another."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import kombu.exceptions
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.lib.db import backoff
from members.models import InboxMessage
from petitions import tasks
from petitions.models import Event, Outbox, Petition
from petitions.notices import notification_rules, outbox
from petitions.ops import scheduled_tasks
from tests.support.cast import Stage


def _break(monkeypatch: pytest.MonkeyPatch, *broken: Petition) -> None:
    """Let the events of these cases be untellable."""
    news_of = notification_rules.notifications_for

    def sometimes(event: Event, heads: notification_rules.RecipientDirectory) -> Any:
        if event.petition in broken:
            raise KeyError("broken")
        return news_of(event, heads)

    monkeypatch.setattr(notification_rules, "notifications_for", sometimes)


def _filed(stage: Stage, many: int) -> list[int]:
    cases = [stage.file().petition for _i in range(many)]
    return list(Event.objects.filter(petition__in=cases).values_list("pk", flat=True))


def test_many_events_ask_no_more_than_few(stage: Stage) -> None:
    asked = []
    for many in (2, 12):
        events = _filed(stage, many)
        with CaptureQueriesContext(connection) as queries:
            assert outbox.publish(events) == many
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 10
    assert InboxMessage.objects.filter(kind="to_accept").count() == 14


def test_what_a_lost_wake_up_left_is_told_by_the_next_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*_told: object, **_how: object) -> None:
        raise kombu.exceptions.OperationalError("broker away")

    monkeypatch.setattr(tasks.publish_events, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        stage.file()
    tasks.wakeup_publisher.join()
    assert not InboxMessage.objects.exists()
    scheduled_tasks.drain_outbox()
    assert InboxMessage.objects.filter(kind="to_accept").exists()


def test_nothing_to_tell_is_fine() -> None:
    assert outbox.publish([]) == 0


def test_an_event_that_cannot_be_told_is_tried_again_after_a_wait(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = stage.file().petition
    _filed(stage, 2)
    with monkeypatch.context() as broken:
        _break(broken, stuck)
        assert scheduled_tasks.drain_outbox() == 2
        row = Outbox.objects.get(event__petition=stuck)
        assert row.attempts == 1
        assert row.retry_at is not None
        assert row.retry_at > timezone.now() + backoff.FIRST_WAIT / 2
        assert scheduled_tasks.drain_outbox() == 0
        row.refresh_from_db()
        assert row.attempts == 1  # it waits: nobody tried
    Outbox.objects.filter(pk=row.pk).update(retry_at=timezone.now() - dt.timedelta(seconds=1))
    assert scheduled_tasks.drain_outbox() == 1
    assert InboxMessage.objects.filter(key__startswith=f"event:{row.event_id}:").exists()


def test_a_whole_turn_of_untellable_events_makes_room_for_those_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled_tasks, "BATCH", 2)
    _break(monkeypatch, *[stage.file().petition for _i in range(2)])
    fine = _filed(stage, 1)
    scheduled_tasks.drain_outbox()
    scheduled_tasks.drain_outbox()
    assert Outbox.objects.filter(event__in=fine, done_at=None).count() == 0


def test_a_lost_connection_puts_no_event_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    events = _filed(stage, 2)

    def lost(*_asked: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(notification_rules, "notifications_for", lost)
    monkeypatch.setattr(outbox, "connection", SimpleNamespace(is_usable=lambda: False))
    with pytest.raises(OperationalError):
        outbox.publish(events)
    assert not Outbox.objects.filter(retry_at__isnull=False).exists()
