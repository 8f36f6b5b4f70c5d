"""The work address: changed with the password and a mail to the former address, and logged."""

from __future__ import annotations

import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from members.enums import SecurityAction
from members.models import SecurityEvent
from tests.members.conftest import PASSWORD, Town

ADDRESS = "/me/email/"
NEW = "new@example.invalid"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"


class UnavailableServer(EmailBackend):
    """A mail server that accepts nothing."""

    def send_messages(self, messages: object) -> int:
        raise smtplib.SMTPServerDisconnected("away")


@pytest.fixture
def secretary(town: Town, client: Client) -> Client:
    town.users["secretary"].set_password(PASSWORD)
    town.users["secretary"].save()
    client.force_login(town.fresh("secretary"))
    return client


def _change(client: Client, email: str = NEW, password: str = PASSWORD) -> HttpResponse:
    return client.post(ADDRESS, {"email": email, "password": password})  # type: ignore[return-value]


def _lines(action: SecurityAction) -> list[tuple[str, object]]:
    rows = SecurityEvent.objects.filter(action=action)
    return [(row.user.username if row.user else "", row.detail.get("of")) for row in rows]


def test_address_is_changed_with_the_password(town: Town, secretary: Client) -> None:
    former = town.users["secretary"].email
    assert former in secretary.get(ADDRESS).content.decode()
    assert _change(secretary)["Location"] == "/me/"
    user = town.fresh("secretary")
    assert user.email == NEW
    assert _lines(SecurityAction.EMAIL_CHANGED) == [("secretary", user.pk)]
    assert [message.to for message in mail.outbox] == [[former]]
    assert "secretary" in mail.outbox[0].body
    assert NEW not in mail.outbox[0].body


def test_address_is_not_changed_without_the_password(town: Town, secretary: Client) -> None:
    for password in ("", "wrong-password"):
        answer = _change(secretary, password=password)
        assert answer.status_code == 400
        assert NEW in answer.content.decode()  # what was typed stays
    assert town.fresh("secretary").email != NEW
    assert mail.outbox == []
    assert _lines(SecurityAction.EMAIL_CHANGED) == []
    assert _lines(SecurityAction.LOGIN_FAILED) == [("secretary", None)]


def test_wrong_passwords_are_delayed_here_too(town: Town, secretary: Client) -> None:
    for _attempt in range(5):
        _change(secretary, password="wrong-password")
    answer = _change(secretary)
    assert answer.status_code == 400
    assert "请等 1 分钟再试" in answer.content.decode()
    assert town.fresh("secretary").email != NEW


def test_mistyped_address_is_no_wrong_password(town: Town, secretary: Client) -> None:
    answer = _change(secretary, email="nowhere", password="wrong-password")
    assert answer.status_code == 400
    assert _lines(SecurityAction.LOGIN_FAILED) == []
    same = _change(secretary, email=town.users["secretary"].email.upper())
    assert "这就是现在的邮箱" in same.content.decode()


@pytest.mark.parametrize("backend", [DUMMY, f"{__name__}.UnavailableServer"])
def test_address_stays_when_the_former_one_cannot_be_told(
    town: Town, secretary: Client, settings: Settings, backend: str
) -> None:
    settings.EMAIL_BACKEND = backend
    answer = _change(secretary)
    assert answer.status_code == 400
    assert "请安全管理员修改" in answer.content.decode()
    assert town.fresh("secretary").email == town.users["secretary"].email
    assert _lines(SecurityAction.EMAIL_CHANGED) == []


def test_first_address_needs_no_mail(town: Town, secretary: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = DUMMY
    town.users["secretary"].email = ""
    town.users["secretary"].save()
    assert "没有登记邮箱" in secretary.get(ADDRESS).content.decode()
    assert _change(secretary).status_code == 302
    assert town.fresh("secretary").email == NEW


@pytest.mark.parametrize("is_told", [True, False])
def test_security_administrator_changes_an_address(
    town: Town, client: Client, settings: Settings, is_told: bool
) -> None:
    settings.DEMO = True
    if not is_told:
        settings.EMAIL_BACKEND = DUMMY
    user = town.users["secretary"]
    client.force_login(town.fresh("secadmin"))
    fields = {"name": user.name, "email": NEW, "duty_phone": ""}
    client.post(f"/admin/members/user/{user.pk}/change/", fields)
    assert town.fresh("secretary").email == NEW
    assert _lines(SecurityAction.EMAIL_CHANGED) == [("secadmin", user.pk)]
    assert [message.to for message in mail.outbox] == ([[user.email]] if is_told else [])


def test_other_administrators_cannot_change_an_address(town: Town, client: Client) -> None:
    user = town.users["secretary"]
    for name in ("sysadmin", "auditor"):
        client.force_login(town.fresh(name))
        client.post(f"/admin/members/user/{user.pk}/change/", {"name": "x", "email": NEW})
    assert town.fresh("secretary").email == user.email


def test_page_needs_a_log_in(client: Client, db: None) -> None:
    assert client.get(ADDRESS)["Location"].startswith(reverse("account_login"))
