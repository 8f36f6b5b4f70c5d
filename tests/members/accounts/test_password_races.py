"""A new password beside another change of the account: neither undoes the other."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from members import workflow
from members.accounts.adapters import AccountAdapter
from members.enums import SecurityAction
from members.models import SecurityEvent, User
from tests.members.conftest import PASSWORD, Town

NEW = "Another-Horse-47"


@pytest.fixture
def secretary(town: Town) -> User:
    User.objects.filter(username="secretary").update(password=make_password(PASSWORD))
    return town.fresh("secretary")


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act while the form of a new password is checked, when the account was read already."""
    clean = AccountAdapter.clean_password

    def act_and_clean(*args: Any, **kwargs: Any) -> str:
        act()
        return clean(*args, **kwargs)

    monkeypatch.setattr(AccountAdapter, "clean_password", act_and_clean)


def _change(client: Client) -> str:
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    page = client.post(reverse("account_change_password"), fields)
    return page.content.decode() if page.status_code == 200 else ""


def test_a_lock_meanwhile_stays_and_refuses_the_password(
    town: Town, secretary: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(secretary)
    _meanwhile(
        monkeypatch,
        lambda: workflow.lock(user=town.fresh("secretary"), by=town.users["secadmin"]),
    )
    assert "账号已停用。" in _change(client)
    stored = town.fresh("secretary")
    assert not stored.is_active
    assert stored.check_password(PASSWORD)
    assert not SecurityEvent.objects.filter(action=SecurityAction.PASSWORD_SET).exists()


def test_another_address_meanwhile_stays(
    town: Town, secretary: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(secretary)

    def change_address() -> None:
        user = town.fresh("secretary")
        user.email = "new@example.invalid"
        workflow.change_person(user=user, by=town.users["secadmin"])

    _meanwhile(monkeypatch, change_address)
    assert _change(client) == ""
    stored = town.fresh("secretary")
    assert stored.check_password(NEW)
    assert stored.email == "new@example.invalid"


def test_a_first_password_meanwhile_stays(
    town: Town, secretary: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(secretary)
    given: list[str] = []

    def give() -> None:
        user = town.fresh("secretary")
        given.append(workflow.set_first_password(user=user, by=town.users["secadmin"]))

    _meanwhile(monkeypatch, give)
    assert "密码刚刚已经换过" in _change(client)
    stored = town.fresh("secretary")
    assert stored.must_change_password
    assert stored.check_password(given[0])


def test_a_lock_refuses_the_password_of_the_mail(
    town: Town, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": secretary.email})
    link = re.search(r"/account/password/reset/key/\S+/", mail.outbox[-1].body)
    assert link
    form = client.get(link[0], follow=True).redirect_chain[-1][0]
    _meanwhile(
        monkeypatch,
        lambda: workflow.lock(user=town.fresh("secretary"), by=town.users["secadmin"]),
    )
    page = client.post(form, {"password1": NEW, "password2": NEW})
    assert page.status_code == 200
    assert "账号已停用。" in page.content.decode()
    assert not town.fresh("secretary").is_active


def test_a_renewed_hash_does_not_bring_an_old_password_back(
    town: Town, secretary: User, settings: Any
) -> None:
    kinds = ("PBKDF2PasswordHasher", "MD5PasswordHasher")
    settings.PASSWORD_HASHERS = [f"django.contrib.auth.hashers.{kind}" for kind in kinds]
    User.objects.update(password=make_password(PASSWORD, hasher="md5"))
    early = town.fresh("secretary")
    User.objects.update(password=make_password(NEW))
    assert early.check_password(PASSWORD)
    assert town.fresh("secretary").check_password(NEW)


def test_a_locked_account_gets_no_other_address(town: Town, secretary: User) -> None:
    workflow.lock(user=town.fresh("secretary"), by=town.users["secadmin"])
    with pytest.raises(ValidationError, match="账号已停用"):
        workflow.change_email(user=secretary, email="x@example.invalid")


def test_an_administrator_writes_only_what_the_form_changed(town: Town, secretary: User) -> None:
    User.objects.filter(pk=secretary.pk).update(email="new@example.invalid")
    secretary.name = "样本改"
    workflow.change_person(user=secretary, by=town.users["secadmin"], fields=["name"])
    stored = town.fresh("secretary")
    assert (stored.name, stored.email) == ("样本改", "new@example.invalid")


@pytest.mark.django_db(transaction=True)
def test_a_password_waits_for_a_lock_that_is_being_made(
    town: Town, secretary: User, settings: Any
) -> None:
    refused: list[str] = []

    def change() -> None:
        try:
            get_adapter().set_password(secretary, NEW)
        except ValidationError as error:
            refused.extend(error.messages)
        finally:
            connection.close()

    beside = threading.Thread(target=change)
    with transaction.atomic():
        workflow.lock(user=town.fresh("secretary"), by=town.users["secadmin"])
        beside.start()
        beside.join(2)
        assert beside.is_alive()  # it waits for the lock of the row
    beside.join(10)
    assert refused == ["账号已停用。"]
    assert not town.fresh("secretary").is_active
