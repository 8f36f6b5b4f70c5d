"""Deliveries to users: the queue, its end states, and the digest."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from config.lib.celery import delivery_worker
from config.lib.db import delivery_queue
from config.lib.db.delivery_queue import MAX_ATTEMPTS, DeliveryState
from members import tasks, workflow
from members.enums import MessageKind
from members.models import Delivery, InboxMessage, User
from tests.members.conftest import NOW, TODAY, Town, notify_users

BROKEN = "tests.members.inbox.test_deliveries.Broken"
WORKING = "members.inbox.channels.EmailChannel"


def _claim(*, now: dt.datetime, limit: int) -> list[Delivery]:
    return delivery_queue.claim(Delivery.objects.all(), now=now, limit=limit)


class Broken:
    """A gateway that is down."""

    def send(self, address: str, subject: str, body: str) -> None:
        raise OSError(f"no route to {address}")


def test_a_message_is_sent_once(town: Town) -> None:
    notify_users(town, "secretary")
    assert tasks.deliver_due() == 1
    assert tasks.deliver_due() == 0
    assert Delivery.objects.get().state == DeliveryState.SENT
    (email,) = mail.outbox
    assert email.subject == "【待受理】FK-0001 阜兴花苑46号楼 水质"
    assert email.body.endswith("/me/\n")


def test_a_delivery_waits_for_office_hours(town: Town) -> None:
    notify_users(town, "secretary", now=NOW + dt.timedelta(hours=12))
    assert tasks.deliver_due() == 0
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert tasks.deliver_due() == 1


def test_a_failing_gateway_is_tried_five_times_then_given_up(
    town: Town, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHANNELS = {**settings.CHANNELS, "email": BROKEN}
    notify_users(town, "secretary")
    now, delays = NOW, []
    for _attempt in range(MAX_ATTEMPTS):
        with time_machine.travel(now, tick=False):
            assert tasks.deliver_due() == 0
            assert tasks.deliver_due() == 0
        row = Delivery.objects.get()
        if row.retry_at is not None:
            delays.append((row.retry_at - now) // dt.timedelta(minutes=1))
            now = row.retry_at
    assert delays == [1, 2, 4, 8]
    assert row.attempts == MAX_ATTEMPTS
    assert (row.state, row.failed_at) == (DeliveryState.FAILED, now)
    assert "example.invalid" not in caplog.text
    settings.CHANNELS = {**settings.CHANNELS, "email": WORKING}
    with time_machine.travel(now + dt.timedelta(days=1), tick=False):
        assert tasks.deliver_due() == 0


def test_a_delivery_whose_workers_die_is_given_up(town: Town) -> None:
    notify_users(town, "secretary")
    now = NOW
    for _attempt in range(MAX_ATTEMPTS):
        (message,) = _claim(now=now, limit=9)
        delivery_queue.start_attempt(message)  # and the worker dies while sending
        now += delivery_queue.LEASE + dt.timedelta(seconds=1)
    assert _claim(now=now, limit=9) == []
    row = Delivery.objects.get()
    assert (row.state, row.failed_at) == (DeliveryState.FAILED, now)


def test_a_delivery_that_was_never_tried_is_not_given_up(town: Town) -> None:
    notify_users(town, "secretary")
    now = NOW
    for _claimed in range(MAX_ATTEMPTS + 1):
        (message,) = _claim(now=now, limit=9)  # the worker dies on another message of the batch
        assert message.attempts == 0
        now += delivery_queue.LEASE + dt.timedelta(seconds=1)


def test_a_delivery_that_exceeds_the_time_limit_fails_alone(town: Town) -> None:
    notify_users(town, "secretary", "leader", "member")
    poison = Delivery.objects.order_by("pk")[0].pk
    sent: list[int] = []

    def send(delivery: Delivery, _now: dt.datetime) -> bool:
        if delivery.pk == poison:
            raise SoftTimeLimitExceeded
        sent.append(delivery.pk)
        return True

    def deliver(now: dt.datetime) -> int:
        return delivery_worker.deliver_batch(Delivery.objects.all(), send, now=lambda: now)

    with pytest.raises(SoftTimeLimitExceeded):
        deliver(NOW)
    assert sent == []
    rows = Delivery.objects.order_by("pk").values_list("attempts", "leased_until", "retry_at")
    delayed = NOW + delivery_queue.FIRST_DELAY
    assert list(rows) == [(1, None, delayed), (0, None, None), (0, None, None)]
    with pytest.raises(SoftTimeLimitExceeded):  # the interrupted delivery comes last
        deliver(delayed)
    assert len(sent) == 2
    now = delayed
    for _attempt in range(2, MAX_ATTEMPTS):
        now += dt.timedelta(hours=1)
        with pytest.raises(SoftTimeLimitExceeded):
            deliver(now)
    assert Delivery.objects.get(pk=poison).state == DeliveryState.FAILED


def test_a_delivery_that_was_given_up_can_be_sent_again(town: Town) -> None:
    notify_users(town, "secretary")
    Delivery.objects.update(failed_at=NOW, attempts=MAX_ATTEMPTS)
    assert tasks.deliver_due() == 0
    assert delivery_queue.retry_failed(Delivery.objects.all()) == 1
    assert tasks.deliver_due() == 1
    assert Delivery.objects.get().state == DeliveryState.SENT
    assert delivery_queue.retry_failed(Delivery.objects.all()) == 0


def test_each_state_is_found_by_the_filter_of_its_name(town: Town) -> None:
    notify_users(town, "secretary", "leader", "member", "community")
    pks = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    columns: list[dict[str, object]] = [
        {},
        {"sent_at": NOW},
        {"sent_at": NOW, "is_skipped": True},
        {"failed_at": NOW},
    ]
    for pk, values in zip(pks, columns, strict=True):
        if values:
            Delivery.objects.filter(pk=pk).update(**values)
    for pk, state in zip(pks, DeliveryState, strict=True):
        (row,) = Delivery.objects.in_state(state)
        assert (row.pk, row.state) == (pk, state)


def test_health_and_metrics_count_what_was_given_up(town: Town, client: Client) -> None:
    notify_users(town, "secretary", "leader")
    Delivery.objects.filter(user=town.users["leader"]).update(failed_at=NOW)
    with time_machine.travel(NOW + dt.timedelta(seconds=90), tick=False):
        check = client.get("/readyz").json()["checks"]["deliveries"]
        figures = client.get("/metrics").content.decode()
    assert check == {"ok": True, "seconds": 90.0, "limit": 300.0, "failed": 1}
    assert 'failed_messages{queue="deliveries"} 1.0' in figures
    assert 'failed_messages{queue="resident_messages"} 0.0' in figures
    with time_machine.travel(NOW + dt.timedelta(seconds=301), tick=False):
        assert client.get("/readyz").json()["status"] == "behind"


def test_a_dead_workers_lease_ends(town: Town) -> None:
    notify_users(town, "secretary")
    assert len(_claim(now=NOW, limit=9)) == 1
    assert _claim(now=NOW, limit=9) == []
    later = NOW + dt.timedelta(minutes=11)
    assert len(_claim(now=later, limit=9)) == 1


def test_deliveries_beyond_the_time_budget_are_released(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify_users(town, "secretary", "leader")
    monkeypatch.setattr(delivery_worker, "SECONDS_TO_SEND", -1.0)
    assert tasks.deliver_due() == 0
    assert set(Delivery.objects.values_list("attempts", "leased_until")) == {(0, None)}


def test_a_locked_person_gets_nothing_more(town: Town) -> None:
    notify_users(town, "secretary")
    workflow.lock(user=town.users["secretary"], by=town.users["secadmin"])
    tasks.deliver_due()
    assert mail.outbox == []
    assert Delivery.objects.get().state == DeliveryState.SKIPPED


def test_a_delivery_whose_channel_has_been_turned_off_is_skipped(
    town: Town, settings: Settings
) -> None:
    notify_users(town, "secretary")
    settings.CHANNELS = {**settings.CHANNELS, "email": ""}
    assert tasks.deliver_due() == 0
    assert Delivery.objects.get().state == DeliveryState.SKIPPED


def test_the_digest_comes_once_a_working_day_and_holds_the_unread(town: Town) -> None:
    for number in range(3):
        notify_users(
            town, "secretary", kind=MessageKind.REMINDER, key=f"r{number}", title=f"提醒{number}"
        )
    notify_users(town, "leader", key="single")
    assert tasks.daily_digest() == 1
    assert tasks.daily_digest() == 0
    InboxMessage.objects.filter(title="提醒0").update(read_at=NOW)
    tasks.deliver_due()
    (digest,) = [email for email in mail.outbox if email.to == ["secretary@example.invalid"]]
    assert digest.subject == "今日提醒：2 条"
    assert "提醒2" in digest.body
    assert "提醒0" not in digest.body


def test_a_digest_needs_new_messages(town: Town) -> None:
    notify_users(town, "secretary", kind=MessageKind.REMINDER)
    assert tasks.daily_digest() == 1
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert tasks.daily_digest() == 0
        notify_users(
            town, "secretary", kind=MessageKind.OVERDUE, key="o", now=NOW + dt.timedelta(days=1)
        )
        assert tasks.daily_digest() == 1


def test_no_digest_before_offices_open_or_on_a_free_day(town: Town) -> None:
    notify_users(town, "secretary", kind=MessageKind.REMINDER, now=NOW - dt.timedelta(days=4))
    for moment in (NOW.replace(hour=7), NOW - dt.timedelta(days=1)):
        with time_machine.travel(moment, tick=False):
            assert tasks.daily_digest() == 0


def test_a_digest_is_not_sent_when_everything_has_been_read(town: Town) -> None:
    notify_users(town, "secretary", kind=MessageKind.REMINDER)
    tasks.daily_digest()
    workflow.mark_all_read(user=town.users["secretary"], now=NOW)
    tasks.deliver_due()
    assert mail.outbox == []
    assert Delivery.objects.get().key == f"digest:{town.users['secretary'].pk}:{TODAY}"


@pytest.fixture
def owed(transactional_db: None) -> Iterator[int]:
    """Thirty letters on their way, committed for every connection to see."""
    user = User.objects.create_user("reader", name="样本读", email="reader@example.invalid")
    Delivery.objects.bulk_create(
        Delivery(key=f"k{number}", user=user, channel="email", send_from=NOW)
        for number in range(30)
    )
    yield 30
    User.objects.all().delete()


def test_many_workers_never_claim_the_same_delivery(owed: int) -> None:
    claimed: list[int] = []

    def work() -> None:
        while rows := _claim(now=NOW, limit=4):
            claimed.extend(row.pk for row in rows)
        connections.close_all()

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == owed


def test_a_row_held_by_another_transaction_is_skipped(town: Town) -> None:
    notify_users(town, "secretary")
    with transaction.atomic():
        _claim(now=NOW, limit=9)
        assert connection.in_atomic_block
    assert _claim(now=NOW, limit=9) == []


def test_nothing_is_sent_to_a_user_whose_post_has_ended(town: Town) -> None:
    notify_users(town, "secretary", now=NOW + dt.timedelta(hours=12))
    notify_users(town, "leader", now=NOW + dt.timedelta(hours=12))
    town.users["secretary"].posts.update(valid_to=TODAY - dt.timedelta(days=1))
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        tasks.deliver_due()
    assert not Delivery.objects.filter(sent_at=None).exists()  # nothing is owed any more
    assert [email.to for email in mail.outbox] == [[town.users["leader"].email]]
