"""What people are owed leaves the system, once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
import time_machine
from django.core import mail
from django.db import connection, connections, transaction
from pytest_django import Settings

from members import tasks, workflow
from members.enums import MessageKind
from members.models import Delivery, InboxMessage, User
from members.workflow.deliveries import ATTEMPTS
from tests.members.conftest import NOW, TODAY, Town
from tests.members.test_workflow import _tell


class Broken:
    """A gateway that is down."""

    def send(self, address: str, subject: str, body: str) -> None:
        raise OSError(f"no route to {address}")


def test_a_message_leaves_once(town: Town) -> None:
    _tell(town, "secretary")
    assert tasks.deliver_due() == 1
    assert tasks.deliver_due() == 0
    (letter,) = mail.outbox
    assert letter.subject == "【待受理】FK-0001 阜兴花苑46号楼 水质"
    assert letter.body.endswith("/petitions/1/\n")


def test_what_waits_for_working_time_waits(town: Town) -> None:
    _tell(town, "secretary", now=NOW + dt.timedelta(hours=12))
    assert tasks.deliver_due() == 0
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert tasks.deliver_due() == 1


def test_a_failing_gateway_is_tried_five_times_then_left(
    town: Town, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHANNELS = {**settings.CHANNELS, "email": "tests.members.test_tasks.Broken"}
    _tell(town, "secretary")
    now, waits = NOW, []
    for _attempt in range(ATTEMPTS):
        with time_machine.travel(now, tick=False):
            assert tasks.deliver_due() == 0
            assert tasks.deliver_due() == 0
        row = Delivery.objects.get()
        waits.append((row.send_from - now) // dt.timedelta(minutes=1))
        now = row.send_from
    assert waits == [1, 2, 4, 8, 16]
    assert row.attempts == ATTEMPTS
    assert row.failed_at is not None
    assert "example.invalid" not in caplog.text


def test_a_dead_workers_lease_ends(town: Town) -> None:
    _tell(town, "secretary")
    assert len(workflow.claim(now=NOW, limit=9)) == 1
    assert workflow.claim(now=NOW, limit=9) == []
    later = NOW + dt.timedelta(minutes=11)
    assert len(workflow.claim(now=later, limit=9)) == 1


def test_what_there_was_no_time_for_goes_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _tell(town, "secretary", "leader")
    monkeypatch.setattr(tasks, "SECONDS_TO_SEND", -1.0)
    assert tasks.deliver_due() == 0
    assert set(Delivery.objects.values_list("attempts", "leased_until")) == {(0, None)}


def test_a_locked_person_gets_nothing_more(town: Town) -> None:
    _tell(town, "secretary")
    workflow.lock(user=town.users["secretary"], by=town.users["secadmin"])
    tasks.deliver_due()
    assert mail.outbox == []
    assert Delivery.objects.get().sent_at is not None


def test_the_digest_comes_once_a_working_day_and_holds_the_unread(town: Town) -> None:
    for number in range(3):
        _tell(town, "secretary", kind=MessageKind.REMINDER, key=f"r{number}", title=f"提醒{number}")
    _tell(town, "leader", key="single")
    assert tasks.daily_digest() == 1
    assert tasks.daily_digest() == 0
    InboxMessage.objects.filter(title="提醒0").update(read_at=NOW)
    tasks.deliver_due()
    (digest,) = [letter for letter in mail.outbox if letter.to == ["secretary@example.invalid"]]
    assert digest.subject == "今日提醒：2 条"
    assert "提醒2" in digest.body
    assert "提醒0" not in digest.body


def test_a_digest_needs_news(town: Town) -> None:
    _tell(town, "secretary", kind=MessageKind.REMINDER)
    assert tasks.daily_digest() == 1
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert tasks.daily_digest() == 0
        _tell(town, "secretary", kind=MessageKind.OVERDUE, key="o", now=NOW + dt.timedelta(days=1))
        assert tasks.daily_digest() == 1


def test_no_digest_before_offices_open_or_on_a_free_day(town: Town) -> None:
    _tell(town, "secretary", kind=MessageKind.REMINDER, now=NOW - dt.timedelta(days=4))
    for moment in (NOW.replace(hour=7), NOW - dt.timedelta(days=1)):
        with time_machine.travel(moment, tick=False):
            assert tasks.daily_digest() == 0


def test_everything_read_means_no_letter(town: Town) -> None:
    _tell(town, "secretary", kind=MessageKind.REMINDER)
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


def test_many_workers_never_hold_the_same_letter(owed: int) -> None:
    held: list[int] = []

    def work() -> None:
        while rows := workflow.claim(now=NOW, limit=4):
            held.extend(row.pk for row in rows)
        connections.close_all()

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(held) == len(set(held)) == owed


def test_a_row_held_by_another_transaction_is_skipped(town: Town) -> None:
    _tell(town, "secretary")
    with transaction.atomic():
        workflow.claim(now=NOW, limit=9)
        assert connection.in_atomic_block
    assert workflow.claim(now=NOW, limit=9) == []


def test_nothing_leaves_to_whoever_lost_the_post_in_the_meantime(town: Town) -> None:
    _tell(town, "secretary", now=NOW + dt.timedelta(hours=12))
    _tell(town, "leader", now=NOW + dt.timedelta(hours=12))
    town.users["secretary"].posts.update(valid_to=TODAY - dt.timedelta(days=1))
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        tasks.deliver_due()
    assert not Delivery.objects.filter(sent_at=None).exists()  # nothing is owed any more
    assert [letter.to for letter in mail.outbox] == [[town.users["leader"].email]]
