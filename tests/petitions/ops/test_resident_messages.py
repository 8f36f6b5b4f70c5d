"""Text messages to residents: each end state, and who sees one that was not delivered."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from config.lib.db.delivery_queue import MAX_ATTEMPTS, DeliveryState
from petitions.enums import Status
from petitions.models import Contact, Petition, ResidentMessage
from petitions.ops import scheduled_tasks
from petitions.rules.contacts import ContactDetails
from tests.support.cast import Stage
from tests.support.clients import login

NOTICE = "给居民的短信没有送达"
BROKEN = "tests.petitions.ops.test_resident_messages.Broken"


class Broken:
    """A gateway that refuses every message."""

    def send(self, address: str, subject: str, body: str) -> None:
        raise OSError(f"no route to {address}")


@pytest.fixture
def petition(stage: Stage, settings: Settings) -> Petition:
    """Return an accepted case whose resident is owed one text message."""
    settings.DEMO = True
    petition = stage.at(Status.ACCEPTED)
    scheduled_tasks.drain_outbox()
    return petition


def _state() -> DeliveryState:
    return ResidentMessage.objects.get().state


def _fail(settings: Settings) -> None:
    """Try a message at a broken gateway until it is given up."""
    settings.CHANNELS = {**settings.CHANNELS, "sms": BROKEN}
    now = scheduled_tasks.database_now()
    for _attempt in range(MAX_ATTEMPTS):
        scheduled_tasks.text_residents()
        ResidentMessage.objects.filter(failed_at=None).update(retry_at=now - dt.timedelta(hours=1))


def _page(stage: Stage, name: str, petition: Petition) -> str:
    return login(stage, name).get(petition.get_absolute_url()).content.decode()


def test_a_text_message_is_sent_once(petition: Petition) -> None:
    assert scheduled_tasks.text_residents() == 1
    assert scheduled_tasks.text_residents() == 0
    assert _state() == DeliveryState.SENT


def test_a_deleted_contact_is_skipped(petition: Petition) -> None:
    Contact.objects.all().delete()
    assert scheduled_tasks.text_residents() == 0
    assert _state() == DeliveryState.SKIPPED


def test_a_contact_without_number_is_skipped(stage: Stage, petition: Petition) -> None:
    ResidentMessage.objects.all().delete()
    stage.at(Status.ACCEPTED, contact=ContactDetails(name="示例居民"))
    scheduled_tasks.drain_outbox()
    assert scheduled_tasks.text_residents() == 0
    assert _state() == DeliveryState.SKIPPED


def test_a_pending_text_message_is_skipped_when_there_is_no_sms_channel(
    petition: Petition, settings: Settings
) -> None:
    settings.CHANNELS = {**settings.CHANNELS, "sms": ""}
    assert scheduled_tasks.text_residents() == 0
    assert _state() == DeliveryState.SKIPPED


def test_a_failed_attempt_is_repeated_after_a_minute(
    petition: Petition, settings: Settings
) -> None:
    working = settings.CHANNELS
    settings.CHANNELS = {**working, "sms": BROKEN}
    scheduled_tasks.text_residents()
    message = ResidentMessage.objects.get()
    assert message.state == DeliveryState.PENDING
    assert message.retry_at is not None
    settings.CHANNELS = working
    assert scheduled_tasks.text_residents() == 0  # not before the delay is over
    ResidentMessage.objects.update(retry_at=message.retry_at - dt.timedelta(minutes=1))
    assert scheduled_tasks.text_residents() == 1


def test_people_of_the_case_read_that_the_text_was_not_delivered(
    stage: Stage, petition: Petition, settings: Settings
) -> None:
    assert NOTICE not in _page(stage, "secretary", petition)
    working = settings.CHANNELS
    _fail(settings)
    assert _state() == DeliveryState.FAILED
    for name in ("secretary", "clerk", "community"):
        assert NOTICE in _page(stage, name, petition)
    settings.CHANNELS = working
    # A later message that arrives ends the notice.
    event = petition.events.order_by("version")[0]
    now = timezone.now()
    ResidentMessage.objects.create(event=event, petition=petition, created_at=now, sent_at=now)
    assert NOTICE not in _page(stage, "secretary", petition)


def test_health_counts_text_messages_given_up(
    stage: Stage, petition: Petition, settings: Settings
) -> None:
    _fail(settings)
    check = login(stage, "secretary").get("/readyz").json()["checks"]["resident_messages"]
    assert check["failed"] == 1


def test_system_administrator_finds_the_text_without_the_case(
    stage: Stage, petition: Petition, settings: Settings
) -> None:
    _fail(settings)
    client = login(stage, "sysadmin")
    url = "/admin/petitions/residentmessage/"
    page = client.get(url, {"state": "failed"}).content.decode()
    assert 'field-state_label">未能送达' in page
    assert petition.number not in page
    assert "field-state_label" not in client.get(url, {"state": "pending"}).content.decode()


def test_without_an_sms_channel_no_text_message_is_queued(stage: Stage, settings: Settings) -> None:
    settings.CHANNELS = {**settings.CHANNELS, "sms": ""}
    stage.at(Status.ACCEPTED)
    scheduled_tasks.drain_outbox()
    assert not ResidentMessage.objects.exists()


def test_a_late_worker_does_not_send_before_the_lease_ends(petition: Petition) -> None:
    later = timezone.now() + dt.timedelta(minutes=5)
    ResidentMessage.objects.update(leased_until=later)
    assert scheduled_tasks.text_residents() == 0
    with time_machine.travel(later + dt.timedelta(minutes=1)):
        assert scheduled_tasks.text_residents() == 0  # the database's clock decides
