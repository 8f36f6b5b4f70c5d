"""Messages are shown and sent only while their case is visible to the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse, set_script_prefix
from django.utils import timezone

from members import tasks
from members.enums import MessageKind, Role
from members.models import Delivery, InboxMessage, Post, User
from members.workflow import Notification, appoint, end_post, notify
from petitions.models import Petition
from petitions.notices.message_access import CASE_URL
from tests.support.cast import Stage
from tests.support.clients import counted, login

NOW = timezone.now()
YESTERDAY = timezone.localdate(NOW) - dt.timedelta(days=1)
K = MessageKind


def _notify(stage: Stage, petition: Petition, name: str = "clerk", kind: K = K.NOTE) -> None:
    User.objects.filter(pk=stage.cast[name].pk).update(email=f"{name}@example.invalid")
    message = Notification(
        user_ids=(stage.cast[name].pk,),
        kind=kind,
        key=f"event:{petition.pk}:{kind}",
        title=f"{kind.label}：{petition.number}",
        url=petition.get_absolute_url(),
        is_urgent=False,
        area_path=petition.path,
    )
    notify(notifications=[message], now=NOW)
    InboxMessage.objects.update(show_from=NOW)  # whether or not the office is open
    Delivery.objects.update(send_from=NOW)


def _move(stage: Stage, name: str = "clerk") -> None:
    """Move a person of the desk to the other community."""
    end_post(post=Post.objects.get(user=stage.cast[name]), on=YESTERDAY, by=None)
    appoint(
        user=stage.cast[name],
        role=Role.STAFF,
        by=None,
        valid_from=YESTERDAY + dt.timedelta(days=1),
        organisation=stage.town.orgs["daqiao"],
    )


def _restrict(stage: Stage, petition: Petition) -> None:
    Petition.objects.filter(pk=petition.pk).update(about_organisation=stage.town.orgs["yingbin"])


def _seal(stage: Stage, petition: Petition) -> None:
    Petition.objects.filter(pk=petition.pk).update(is_sealed=True)


LOST: dict[str, Callable[[Stage, Petition], object]] = {
    "moved to another community": lambda stage, _petition: _move(stage),
    "the case is about the own organisation": _restrict,
    "the case became an accusation": _seal,
}


def _pages(client: Client, petition: Petition) -> set[str]:
    """Return the pages on which the number of the case stands."""
    pages = {name: client.get(reverse(name)) for name in ("members:inbox", "petitions:home")}
    return {name for name, page in pages.items() if petition.number in page.content.decode()}


def _bell(client: Client) -> str:
    return client.get(reverse("members:unread")).content.decode()


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_message_is_hidden_with_its_case(
    stage: Stage, lost: Callable[[Stage, Petition], object]
) -> None:
    petition = stage.file(now=NOW - dt.timedelta(days=9)).petition
    _notify(stage, petition)
    client = login(stage, "clerk")
    assert _pages(client, petition) == {"members:inbox", "petitions:home"}
    assert "count" in _bell(client)
    message = InboxMessage.objects.get()
    lost(stage, petition)
    client = login(stage, "clerk")
    assert _pages(client, petition) == set()
    assert "count" not in _bell(client)
    for method, name in (("get", "members:open"), ("post", "members:read")):
        assert getattr(client, method)(reverse(name, args=[message.pk])).status_code == 404
    client.post(reverse("members:read_all"))
    message.refresh_from_db()
    assert message.read_at is None


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
@pytest.mark.parametrize("kind", [K.TO_ACCEPT, K.REMINDER])
def test_mail_is_not_sent_once_the_case_is_hidden(
    stage: Stage, lost: Callable[[Stage, Petition], object], kind: K
) -> None:
    petition = stage.file().petition
    _notify(stage, petition, kind=kind)
    if kind == K.REMINDER:  # waits for the digest
        Delivery.objects.all().delete()
        Delivery.objects.create(
            key="digest:1:x", user=stage.cast["clerk"], channel="email", send_from=NOW
        )
    lost(stage, petition)
    assert tasks.deliver_due() == 0
    assert mail.outbox == []
    assert not Delivery.objects.filter(sent_at=None).exists()  # skipped, not tried for ever


def test_digest_lists_the_visible_cases_only(stage: Stage) -> None:
    kept, hidden = stage.file().petition, stage.file().petition
    for petition in (kept, hidden):
        _notify(stage, petition, kind=K.REMINDER)
    _seal(stage, hidden)
    Delivery.objects.all().delete()
    Delivery.objects.create(
        key="digest:1:x", user=stage.cast["clerk"], channel="email", send_from=NOW
    )
    assert tasks.deliver_due() == 1
    (letter,) = mail.outbox
    assert kept.number in letter.body
    assert hidden.number not in letter.body


def test_message_is_shown_again_with_its_case(stage: Stage) -> None:
    petition = stage.file().petition
    _notify(stage, petition)
    _seal(stage, petition)
    client = login(stage, "clerk")
    assert petition.number not in client.get(reverse("members:inbox")).content.decode()
    Petition.objects.update(is_sealed=False)
    assert petition.number in client.get(reverse("members:inbox")).content.decode()


def test_failed_delivery_of_a_hidden_message_is_not_counted(stage: Stage) -> None:
    petition = stage.file().petition
    _notify(stage, petition, kind=K.TO_ACCEPT)
    Delivery.objects.update(failed_at=NOW)
    client = login(stage, "clerk")
    assert client.get(reverse("members:inbox")).context["undelivered_count"] == 1
    _seal(stage, petition)
    assert client.get(reverse("members:inbox")).context["undelivered_count"] == 0


@pytest.mark.parametrize("page", ["members:inbox", "petitions:home", "members:unread"])
def test_queries_do_not_grow_with_the_messages(stage: Stage, page: str) -> None:
    client, numbers = login(stage, "clerk"), []
    for _turn in range(2):
        for _number in range(3):
            _notify(stage, stage.file().petition)
        client.get(reverse(page))  # fills the caches of the process
        with counted() as statements:
            client.get(reverse(page))
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("prefix", ["/", "/zzb/"])
def test_address_of_a_case_is_recognised(stage: Stage, prefix: str) -> None:
    petition = stage.file().petition
    set_script_prefix(prefix)
    try:
        _notify(stage, petition)
    finally:
        set_script_prefix("/")
    message = InboxMessage.objects.get()
    assert message.url.startswith(f"{prefix}petitions/")
    assert InboxMessage.objects.filter(url__regex=CASE_URL).exists()
    clerk = User.objects.get(pk=stage.cast["clerk"].pk)
    assert InboxMessage.objects.shown_to(clerk, NOW).exists()
    _seal(stage, petition)
    assert not InboxMessage.objects.shown_to(clerk, NOW).exists()
