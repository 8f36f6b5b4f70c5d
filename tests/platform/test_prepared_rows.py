"""What every request reads by prepared statements equals what the ORM would read."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import models
from django.test.utils import isolate_apps
from django.utils import timezone

from config.lib.db.prepared_rows import PreparedRow
from members.accounts.backends import RoleBackend
from members.inbox import unread_messages
from members.models import InboxMessage, User
from tests.support.cast import Stage
from tests.support.clients import counted, login

BACKEND = RoleBackend()


def test_user_is_read_whole_in_one_query(stage: Stage) -> None:
    user = stage.cast["clerk"]
    with counted() as queries:
        read = BACKEND.get_user(user.pk)
    assert len(queries) == 1
    stored = User.objects.get(pk=user.pk)
    assert read == stored
    names = [field.attname for field in User._meta.concrete_fields]
    assert {name: getattr(read, name) for name in names} == {
        name: getattr(stored, name) for name in names
    }
    assert not read._state.adding
    assert not read.get_deferred_fields()


def test_closed_or_missing_account_is_no_user(stage: Stage) -> None:
    user = stage.cast["clerk"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert BACKEND.get_user(user.pk) is None
    assert BACKEND.get_user(0) is None


def test_session_ends_at_its_date(stage: Stage) -> None:
    client = login(stage, "clerk")
    assert client.get("/inbox/").status_code == 200
    store = client.session
    store.model.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    assert client.get("/inbox/").status_code == 302


@pytest.mark.parametrize(
    "name", ["clerk", "secretary", "official", "outsider", "member", "auditor"]
)
def test_unread_count_equals_the_inbox(stage: Stage, name: str) -> None:
    now = timezone.now()
    stage.file()
    cases = (("clerk", None, -1), ("clerk", now, -1), ("clerk", None, 1), (name, None, -2))
    for number, (user, read_at, hours) in enumerate(cases):
        _message(stage.cast[user], number, read_at, now + dt.timedelta(hours=hours))
    user = User.objects.get(pk=stage.cast[name].pk)
    wanted = InboxMessage.objects.shown_to(user, now).unread().count()
    assert unread_messages.count(user, now) == wanted
    newest = InboxMessage.objects.shown_to(user, now).unread().order_by("-id")[:2]
    assert unread_messages.newest(user, now, 2) == list(newest)


def test_unread_count_stops_at_its_limit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.objects.get(pk=stage.cast["clerk"].pk)
    for number in range(3):
        _message(user, number, None, timezone.now())
    monkeypatch.setattr(unread_messages, "MAX_COUNT", 2)
    assert unread_messages.count(user, timezone.now()) == 2


def _message(user: User, number: int, read_at: dt.datetime | None, show_from: dt.datetime) -> None:
    InboxMessage.objects.create(
        user=user,
        key=f"test:{number}",
        kind="mentioned",
        title="x",
        url="/",
        created_at=show_from,
        read_at=read_at,
        show_from=show_from,
    )


@isolate_apps("members")
def test_column_with_a_conversion_is_refused(db: None) -> None:
    class Converted(models.Model):
        data = models.JSONField()

        class Meta:
            app_label = "members"

    with pytest.raises(TypeError):
        PreparedRow("test_converted", lambda: Converted, "bigint", "id = $1").first(1)
