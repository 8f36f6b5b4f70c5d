"""The page that changes a password, and the reset by mail: link, recipients, no server."""

from __future__ import annotations

import re
import smtplib

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from members.enums import SecurityAction
from members.models import SecurityEvent
from tests.members.conftest import PASSWORD, Town

CHANGE = "/account/password/change/"
RESET = "/account/password/reset/"
NEW = "Other-Horse-4711"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"


class UnavailableServer(EmailBackend):
    """A mail server that accepts nothing."""

    def send_messages(self, messages: object) -> int:
        raise smtplib.SMTPServerDisconnected("away")


@pytest.fixture(autouse=True)
def _passwords(town: Town, settings: Settings) -> None:
    settings.DEMO = True  # second factors are tested elsewhere
    for name in ("secretary", "secadmin"):
        town.users[name].set_password(PASSWORD)
        town.users[name].save()


def _count(action: SecurityAction) -> int:
    return SecurityEvent.objects.filter(action=action).count()


def _change(client: Client, old: str) -> HttpResponse:
    fields = {"oldpassword": old, "password1": NEW, "password2": NEW}
    return client.post(CHANGE, fields)  # type: ignore[return-value]


# --- One page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/admin/password_change/", "/admin/password_change/done/"])
def test_page_of_the_admin_leads_to_the_one_page(town: Town, client: Client, address: str) -> None:
    client.force_login(town.fresh("secadmin"))
    fields = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    for answer in (client.get(address), client.post(address, fields)):
        assert (answer.status_code, answer["Location"]) == (302, CHANGE)
    assert town.fresh("secadmin").check_password(PASSWORD)


def test_no_other_page_takes_a_new_password(town: Town) -> None:
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    with_password = {name for name in names if "password" in name}
    assert with_password == {
        *("account_change_password", "account_reset_password", "account_reset_password_done"),
        *("account_reset_password_from_key", "account_reset_password_from_key_done"),
    }


@pytest.mark.parametrize("name", ["secretary", "secadmin"])
def test_password_is_changed_and_logged(town: Town, client: Client, name: str) -> None:
    client.force_login(town.fresh(name))
    assert _change(client, PASSWORD).status_code == 302
    assert town.fresh(name).check_password(NEW)
    line = SecurityEvent.objects.get(action=SecurityAction.PASSWORD_SET)
    assert line.user == town.users[name]
    assert client.get("/me/").status_code == 200  # the session goes on


def test_wrong_guesses_count_and_are_delayed(town: Town, client: Client) -> None:
    client.force_login(town.fresh("secretary"))
    for _attempt in range(5):
        answer = _change(client, "wrong-password")
        assert answer.status_code == 200
    assert _count(SecurityAction.LOGIN_FAILED) == 5
    assert "请等 1 分钟再试" in _change(client, PASSWORD).content.decode()
    assert town.fresh("secretary").check_password(PASSWORD)
    login = {"login": "secretary", "password": PASSWORD}
    assert Client().post("/account/login/", login).status_code == 200  # counted together


def test_account_without_a_password_cannot_set_one(town: Town, client: Client) -> None:
    client.force_login(town.users["leader"])
    assert client.get(CHANGE).status_code == 403
    assert _change(client, "").status_code == 403
    assert not town.fresh("leader").has_usable_password()


# --- The reset by mail ----------------------------------------------------------------------------


def _ask(email: str, host: str = "testserver") -> HttpResponse:
    return Client(headers={"host": host}).post(RESET, {"email": email})  # type: ignore[return-value]


def test_link_of_the_mail_begins_with_the_configured_address(
    town: Town, settings: Settings
) -> None:
    settings.SITE_URL = "https://zhibu.example.org/"
    settings.ALLOWED_HOSTS = ["*"]
    _ask(town.users["secretary"].email, host="evil.example.invalid")
    (message,) = mail.outbox
    assert "evil" not in f"{message.subject}{message.body}{message.from_email}"
    link = re.search(r"https://zhibu\.example\.org(/account/password/reset/key/\S+/)", message.body)
    assert link
    assert "secretary" in message.body
    client = Client()
    page = client.get(link[1], follow=True)
    form = page.redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert town.fresh("secretary").check_password(NEW)
    assert _count(SecurityAction.RESET_MAILED) == 1
    assert _count(SecurityAction.PASSWORD_SET) == 1
    assert client.get("/me/").status_code == 302  # not logged in by the link


def test_mail_goes_to_the_stored_address_only(town: Town) -> None:
    user = town.users["secretary"]
    EmailAddress.objects.create(user=user, email="evil@example.invalid", verified=True)
    assert _ask("evil@example.invalid").status_code == 302
    assert mail.outbox == []
    _ask(user.email.upper())
    assert [message.to for message in mail.outbox] == [[user.email]]


@pytest.mark.parametrize("name", ["partner", "leader"])
def test_system_account_or_locked_account_gets_no_mail(town: Town, name: str) -> None:
    town.users["leader"].is_active = False
    town.users["leader"].save()
    assert _ask(town.users[name].email).status_code == 302
    assert mail.outbox == []


def test_answer_does_not_tell_whether_an_address_is_known(town: Town) -> None:
    known, unknown = _ask(town.users["secretary"].email), _ask("nobody@example.invalid")
    assert known["Location"] == unknown["Location"] == reverse("account_reset_password_done")
    text = Client().get(known["Location"]).content.decode()
    assert "如果有账号登记了这个邮箱" in text


def test_too_many_requests_are_answered_by_a_page_of_the_site(town: Town) -> None:
    answers = [_ask("impatient@example.invalid") for _attempt in range(6)]
    assert answers[0].status_code == 302
    assert answers[-1].status_code == 429
    assert "操作太快了" in answers[-1].content.decode()


def test_silent_mail_server_is_no_error(town: Town, settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.UnavailableServer"
    assert _ask(town.users["secretary"].email).status_code == 302
    assert _count(SecurityAction.RESET_MAILED) == 0


def test_page_says_so_when_no_mail_can_be_sent(town: Town, settings: Settings) -> None:
    login = Client().get("/account/login/").content.decode()
    assert RESET in login
    settings.EMAIL_BACKEND = DUMMY
    for answer in (Client().get(RESET), _ask(town.users["secretary"].email)):
        assert answer.status_code == 200
        assert "不能寄邮件" in answer.content.decode()
        assert (
            "<input"
            not in answer.content.decode().partition("entrance__body")[2].partition("</main>")[0]
        )
    assert RESET not in Client().get("/account/login/").content.decode()
