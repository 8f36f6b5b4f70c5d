"""A row that SQL altered stays reported, whatever the product writes to it afterwards."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

import manage
from members import workflow
from members.accounts import recorded_rows
from members.enums import Role, SecurityAction
from members.models import Post, SecurityEvent, User
from petitions.ops import scheduled_tasks
from tests.support.cast import Stage

PASSWORD = "Correct-Horse-46"
NEW = "Another-Horse-47"
TODAY = timezone.localdate()
OLD_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"


@pytest.fixture
def compared(stage: Stage, settings: Any) -> Stage:
    """People with posts and a token; a worker has run. The secretary has a password."""
    settings.DEMO = True  # no second factor
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", OLD_HASHER]
    User.objects.filter(username="secretary").update(password=make_password(PASSWORD, hasher="md5"))
    workflow.issue_token(user=stage.cast["partner"], days=1, by=None)
    workflow.create_person(username="newcomer", name="示例来", by=None)
    scheduled_tasks.extend_audit_trail()
    return stage


def _user(name: str = "secretary") -> User:
    return User.objects.get(username=name)


def _change_own_password(_stage: Stage) -> None:
    client = Client()
    client.post("/account/login/", {"login": "secretary", "password": PASSWORD})
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), data)
    assert _user().check_password(NEW)


def _renew_hash(_stage: Stage) -> None:
    assert _user().check_password(PASSWORD)
    assert _user().password.startswith("pbkdf2")


def _change_person(stage: Stage) -> None:
    user = _user()
    user.email = "other@example.invalid"
    workflow.change_person(user=user, by=stage.cast["secadmin"])


def _appoint(stage: Stage) -> None:
    by = stage.cast["secadmin"]
    user = _user("newcomer")
    workflow.appoint(user=user, role=Role.SYSTEM_ADMIN, by=by, valid_from=TODAY)
    assert _user("newcomer").is_staff


def _typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    typed: Iterator[str] = iter(passwords)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(typed))


WRITES: dict[str, Callable[[Stage], object]] = {
    "own password": _change_own_password,
    "renewed hash": _renew_hash,
    "changed by an administrator": _change_person,
    "own address": lambda _s: workflow.change_email(user=_user(), email="x@example.invalid"),
    "first password": lambda s: workflow.set_first_password(user=_user(), by=s.cast["secadmin"]),
    "locked": lambda s: workflow.lock(user=_user(), by=s.cast["secadmin"]),
    "locked and unlocked": lambda s: [
        workflow.lock(user=_user(), by=s.cast["secadmin"]),
        workflow.unlock(user=_user(), by=s.cast["secadmin"]),
    ],
    "password by command": lambda _s: workflow.set_password_by_command(
        user=_user(), hashed=make_password(NEW)
    ),
    "appointed": _appoint,
}


@pytest.mark.parametrize("name", WRITES)
def test_what_the_product_writes_afterwards_hides_nothing(
    compared: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("members.accounts.mail.tell_former_address", lambda *_args: True)
    altered = _user("newcomer" if name == "appointed" else "secretary")
    User.objects.filter(pk=altered.pk).update(is_superuser=True)
    with structlog.testing.capture_logs() as lines:
        WRITES[name](compared)
    (difference,) = recorded_rows.differences()
    assert (difference.table, difference.row) == ("members_user", str(altered.pk))
    warnings = [line for line in lines if line["event"] == "rights_not_recorded"]
    assert {(line["table"], line["row"]) for line in warnings} == {
        ("members_user", str(altered.pk))
    }


@pytest.mark.parametrize("name", WRITES)
def test_what_the_product_writes_to_an_unaltered_row_is_recorded(
    compared: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("members.accounts.mail.tell_former_address", lambda *_args: True)
    WRITES[name](compared)
    assert list(recorded_rows.differences()) == []


def test_an_account_that_sql_inserted_does_not_become_known(compared: Stage) -> None:
    user = User(username="sneaked", name="示例", password=make_password(PASSWORD))
    user.save()
    workflow.lock(user=user, by=compared.cast["secadmin"])
    (difference,) = recorded_rows.differences()
    assert (difference.row, difference.recorded) == (str(user.pk), None)


def test_a_row_inserted_where_another_was_removed_by_sql_is_not_recorded(compared: Stage) -> None:
    post = Post.objects.get(user=compared.cast["member"])
    Post.objects.filter(pk=post.pk).update(is_deputy=True)
    post.refresh_from_db()
    Post.objects.filter(pk=post.pk).delete()
    workflow.appoint_all(posts=[post])
    assert [row.row for row in recorded_rows.differences()] == [str(post.pk)]


def test_ending_an_altered_post_hides_nothing(compared: Stage) -> None:
    post = Post.objects.get(user=compared.cast["member"])
    Post.objects.filter(pk=post.pk).update(is_deputy=True)
    workflow.end_post(post=post, on=TODAY, by=None)
    assert [row.row for row in recorded_rows.differences()] == [str(post.pk)]
    stored = Post.objects.get(pk=post.pk)
    assert (stored.is_deputy, stored.valid_to) == (True, TODAY)  # the end alone was written


def test_revoking_an_altered_token_leaves_it_reported(compared: Stage) -> None:
    token = AuthToken.objects.get()
    AuthToken.objects.update(expiry=None)
    workflow.revoke_tokens(tokens=[token])
    (difference,) = recorded_rows.differences()
    assert (difference.table, difference.stored) == ("knox_authtoken", b"")


# --- The check beside a writer --------------------------------------------------------------------


def test_a_row_written_while_the_check_reads_is_not_reported(
    compared: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests_of, by = recorded_rows.digests_of, compared.cast["secadmin"]

    def write_and_read(model: Any, rows: Any) -> Any:
        if model is User:
            workflow.lock(user=_user(), by=by)
            workflow.create_person(username="new", name="示例新", by=by)
        if model is AuthToken:
            workflow.revoke_tokens(tokens=list(AuthToken.objects.all()))
        return digests_of(model, rows)

    monkeypatch.setattr(recorded_rows, "digests_of", write_and_read)
    assert list(recorded_rows.differences()) == []
    assert not AuthToken.objects.exists()


# --- The command that sets a password -------------------------------------------------------------


def test_the_command_records_the_password_and_writes_a_line(
    compared: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, NEW, PASSWORD, "short", "short", NEW, NEW)
    call_command("change_password", "secretary")
    assert _user().check_password(NEW)
    assert list(recorded_rows.differences()) == []
    line = SecurityEvent.objects.latest("id")
    assert (line.action, line.acting_as) == (SecurityAction.PASSWORD_SET, "命令行")
    assert (line.user, line.object_id) == (None, _user().pk)


def test_the_command_writes_the_password_alone(
    compared: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([NEW, NEW])

    def type_slowly(_prompt: str) -> str:
        if _user().is_active:
            workflow.lock(user=_user(), by=compared.cast["secadmin"])
        return next(typed)

    monkeypatch.setattr(getpass, "getpass", type_slowly)
    call_command("change_password", "secretary")
    assert not _user().is_active


def test_the_command_ends_after_three_tries(
    compared: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, *["short"] * 6)
    before = _user().password
    with pytest.raises(CommandError, match="not changed"):
        call_command("change_password", "secretary")
    with pytest.raises(CommandError, match="no such account"):
        call_command("change_password", "nobody-here")
    assert _user().password == before


def test_the_command_of_django_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[list[str]] = []
    monkeypatch.setattr(manage, "execute_from_command_line", run.append)
    monkeypatch.setattr(sys, "argv", ["manage.py", "changepassword", "secretary"])
    manage.main()
    assert run == [["manage.py", "change_password", "secretary"]]
