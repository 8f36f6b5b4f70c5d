"""Log-in: lock-out, first password, second factor, security log."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from members import workflow
from members.enums import SecurityAction
from members.models import SecurityEvent, User
from tests.members.conftest import NOW, PASSWORD, Town

LOGIN = "/account/login/"


@pytest.fixture
def secretary(town: Town) -> Town:
    for name in ("secretary", "official", "leader"):
        town.users[name].set_password(PASSWORD)
        town.users[name].save()
    return town


def _login(client: Client, name: str, password: str = PASSWORD, ip: str = "127.0.0.1") -> bool:
    answer = client.post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=ip)
    return answer.status_code == 302


def _actions() -> list[str]:
    rows = SecurityEvent.objects.exclude(action__in=["person_created", "post_given"])
    return list(rows.order_by("id").values_list("action", flat=True))


def test_a_good_log_in_and_out_is_written_down(secretary: Town, client: Client) -> None:
    assert _login(client, "secretary")
    client.post("/account/logout/")
    assert _actions() == [SecurityAction.LOGGED_IN, SecurityAction.LOGGED_OUT]
    line = SecurityEvent.objects.filter(action=SecurityAction.LOGGED_IN).get()
    assert line.user == secretary.users["secretary"]
    assert line.detail == {"ip": "127.0.0.1"}


@pytest.mark.parametrize(
    ("name", "arrives"),
    [("secretary", "/home/"), ("sysadmin", "/admin/"), ("nobody", "/me/")],
)
def test_a_log_in_leads_to_the_users_own_work(
    secretary: Town, client: Client, settings: Settings, name: str, arrives: str
) -> None:
    settings.DEMO = True  # without the second factor
    person = secretary.users.get(name) or User.objects.create(username=name, name="示例无职")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    answer = client.post(LOGIN, {"login": name, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == arrives
    assert answer.status_code == 200
    client.post("/account/logout/")
    wanted = client.post(f"{LOGIN}?next=/track/", {"login": name, "password": PASSWORD})
    assert wanted["Location"] == "/track/"


def test_wrong_passwords_and_a_refused_attempt_are_written_down(
    secretary: Town, client: Client
) -> None:
    for _attempt in range(5):
        assert not _login(client, "secretary", "wrong-password")
    assert not _login(client, "secretary")
    assert _actions() == [SecurityAction.LOGIN_FAILED] * 5 + [SecurityAction.LOCKED_OUT]


def test_there_is_no_sign_up(client: Client, db: None) -> None:
    answer = client.post(
        "/account/signup/", {"username": "x", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_first_password_is_changed_at_the_first_log_in(secretary: Town, client: Client) -> None:
    first = workflow.set_first_password(user=secretary.users["leader"], by=None)
    assert _login(client, "leader", first)
    change = reverse("account_change_password")
    assert client.get("/me/")["Location"] == change
    same = client.post(change, {"oldpassword": first, "password1": first, "password2": first})
    assert "与初始密码不同" in same.content.decode()
    client.post(change, {"oldpassword": first, "password1": PASSWORD, "password2": PASSWORD})
    user = secretary.fresh("leader")
    assert not user.must_change_password
    assert user.check_password(PASSWORD)
    assert client.get("/me/").status_code == 200
    assert SecurityAction.PASSWORD_SET in _actions()


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "样本leader-2026"])
def test_weak_passwords_are_refused(secretary: Town, client: Client, password: str) -> None:
    client.force_login(secretary.users["leader"])
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    client.post(reverse("account_change_password"), fields)
    assert secretary.fresh("leader").check_password(PASSWORD)


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_an_official_sets_up_and_then_uses_a_second_factor(secretary: Town, client: Client) -> None:
    assert _login(client, "official")
    activate = reverse("mfa_activate_totp")
    assert client.get("/me/")["Location"] == activate
    assert client.get(activate)["Location"].startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(activate)
    secret = page.context["form"].secret
    client.post(activate, {"code": _code(secret)})
    assert client.get("/me/").status_code == 200
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)

    again = Client()
    with time_machine.travel(NOW + dt.timedelta(minutes=2), tick=False):
        answer = again.post(LOGIN, {"login": "official", "password": PASSWORD})
        assert answer["Location"] == reverse("mfa_authenticate")
        assert again.get("/me/").status_code == 302
        assert again.post(answer["Location"], {"code": "000000"}).status_code == 200
        again.post(answer["Location"], {"code": _code(secret)})
        assert again.get("/me/").status_code == 200
        again.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()


def test_a_person_ends_the_other_sessions(secretary: Town) -> None:
    here, there = Client(), Client()
    assert _login(here, "secretary")
    assert _login(there, "secretary")
    assert here.get(reverse("usersessions_list")).status_code == 200
    here.post(reverse("usersessions_list"))
    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200
    assert SecurityAction.SESSION_ENDED in _actions()
