"""Delays after wrong passwords: by name and address together, and whom they do not stop."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from members.accounts import known_devices, login_delays
from members.enums import SecurityAction
from members.models import SecurityEvent, User
from tests.members.conftest import NOW, PASSWORD, Town

LOGIN = "/account/login/"
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"
NAMES = ("secretary", "leader", "secadmin", "official")


@pytest.fixture(autouse=True)
def _passwords(town: Town, settings: Settings) -> None:
    settings.DEMO = True  # what follows a log-in is tested elsewhere
    for name in NAMES:
        town.users[name].set_password(PASSWORD)
        town.users[name].save()


def _login(
    client: Client, name: str, password: str = PASSWORD, address: str = HERE, **fields: str
) -> HttpResponse:
    data = {"login": name, "password": password, **fields}
    return client.post(LOGIN, data, REMOTE_ADDR=address)  # type: ignore[return-value]


def _is_in(client: Client, name: str, password: str = PASSWORD, address: str = HERE) -> bool:
    return _login(client, name, password, address).status_code == 302


def _fail(times: int, name: str = "secretary", address: str = HERE) -> None:
    for _attempt in range(times):
        assert not _is_in(Client(), name, "wrong-password", address)


def _later(seconds: float) -> time_machine.travel:
    return time_machine.travel(NOW + dt.timedelta(seconds=seconds), tick=False)


def _wait(answer: HttpResponse) -> int:
    found = re.search(r"请等 (\d+) 分钟再试", answer.content.decode())
    return int(found[1]) if found else 0


def _second_factor(user: User) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


# --- Name and address together ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_wrong_passwords_from_elsewhere_stop_nobody(name: str) -> None:
    _fail(40, name, ELSEWHERE)
    assert _is_in(Client(), name, address=HERE)


def test_wrong_passwords_for_another_name_stop_nobody() -> None:
    _fail(20, "leader")
    assert _is_in(Client(), "secretary")


def test_right_password_has_to_wait_after_five_wrong_ones() -> None:
    _fail(5)
    answer = _login(Client(), "secretary")
    assert answer.status_code == 200
    assert _wait(answer) == 1
    with _later(59):
        assert not _is_in(Client(), "secretary")
    with _later(61):
        assert _is_in(Client(), "secretary")


def test_delay_grows_with_each_wrong_password_and_ends() -> None:
    waits, at = [], 0.0
    _fail(4)
    for _attempt in range(8):
        with _later(at):
            _fail(1)
            waits.append(_wait(_login(Client(), "secretary")))
        at += waits[-1] * 60 + 1
    assert waits[:5] == [1, 2, 4, 8, 15]
    assert max(waits) == 15
    with _later(at):
        assert _is_in(Client(), "secretary")


def test_attempts_during_a_delay_do_not_prolong_it() -> None:
    _fail(5)
    for second in range(0, 60, 3):
        with _later(second):
            _fail(1)
    with _later(61):
        assert _is_in(Client(), "secretary")


def test_a_log_in_restarts_the_count_of_its_address_only() -> None:
    _fail(4, address=HERE)
    _fail(5, address=ELSEWHERE)
    assert _is_in(Client(), "secretary", address=HERE)
    _fail(4, address=HERE)
    assert _is_in(Client(), "secretary", address=HERE)
    assert not _is_in(Client(), "secretary", address=ELSEWHERE)


@pytest.mark.parametrize("spelling", ["Secretary", "SECRETARY", " secretary "])
def test_spelling_of_the_name_does_not_matter(spelling: str) -> None:
    _fail(5, spelling)
    assert not _is_in(Client(), "secretary")


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    for number in range(1, 6):
        _fail(1, address=f"2001:db8:1:2::{number}")
    assert not _is_in(Client(), "secretary", address="2001:db8:1:2:3:4:5:6")
    assert _is_in(Client(), "secretary", address="2001:db8:1:3::1")


def test_unknown_name_waits_like_a_known_one_and_is_not_stored() -> None:
    _fail(5, "13900001111")
    assert _wait(_login(Client(), "13900001111")) == 1
    stored = str(list(SecurityEvent.objects.values_list("detail", flat=True)))
    assert "13900001111" not in stored
    assert PASSWORD not in stored


# --- The wider counts -----------------------------------------------------------------------------


def test_many_names_from_one_address_are_delayed(settings: Settings) -> None:
    settings.LOCKOUT_ADDRESS_FAILURES = 6
    for number in range(6):
        _fail(1, f"nobody{number}")
    assert not _is_in(Client(), "secretary", address=HERE)
    assert _is_in(Client(), "secretary", address=ELSEWHERE)


def test_one_name_from_many_addresses_is_delayed(settings: Settings) -> None:
    settings.LOCKOUT_NAME_FAILURES = 6
    for number in range(6):
        _fail(1, address=f"203.0.113.{number}")
    assert not _is_in(Client(), "secretary", address=HERE)
    assert _is_in(Client(), "leader", address=HERE)


# --- Known devices --------------------------------------------------------------------------------


def _known(name: str) -> Client:
    client = Client()
    assert _is_in(client, name)
    client.post("/account/logout/")
    return client


@pytest.mark.parametrize("wide", ["together", "address", "name"])
def test_device_that_has_logged_in_before_keeps_its_way_in(settings: Settings, wide: str) -> None:
    settings.LOCKOUT_ADDRESS_FAILURES = 6 if wide == "address" else 1000
    settings.LOCKOUT_NAME_FAILURES = 6 if wide == "name" else 1000
    device = _known("secadmin")
    _fail(12, "secadmin", HERE)
    assert not _is_in(Client(), "secadmin", address=HERE)
    assert _is_in(device, "secadmin", address=HERE)


def test_known_device_is_delayed_by_its_own_wrong_passwords_only() -> None:
    device = _known("secretary")
    for _attempt in range(5):
        assert not _is_in(device, "secretary", "wrong-password")
    assert _wait(_login(device, "secretary")) == 1
    assert _is_in(Client(), "secretary", address=HERE)


def test_device_is_known_to_the_accounts_that_logged_in_there_only() -> None:
    device = _known("secretary")
    _fail(5, "leader")
    assert not _is_in(device, "leader")
    assert _is_in(device, "secretary")


def test_front_desk_is_known_to_several_accounts() -> None:
    device = _known("secretary")
    assert _is_in(device, "leader")
    device.post("/account/logout/")
    _fail(5, "secretary")
    _fail(5, "leader")
    assert _is_in(device, "secretary")
    device.post("/account/logout/")
    assert _is_in(device, "leader")


def test_new_password_makes_old_devices_unknown(town: Town) -> None:
    here, stolen = _known("secretary"), _known("secretary")
    _is_in(here, "secretary")
    fields = {"oldpassword": PASSWORD, "password1": "Other-Horse-47", "password2": "Other-Horse-47"}
    here.post(reverse("account_change_password"), fields)
    here.post("/account/logout/")
    _fail(5)
    assert not _is_in(stolen, "secretary", "Other-Horse-47")
    assert _is_in(here, "secretary", "Other-Horse-47")


def test_cookie_names_nobody_and_cannot_be_forged(town: Town, settings: Settings) -> None:
    device = _known("secretary")
    cookie = device.cookies[known_devices.cookie_name()]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "secretary" not in cookie.value
    assert town.users["secretary"].name not in cookie.value
    other = Client()
    other.cookies[known_devices.cookie_name()] = cookie.value[:-2] + "xx"
    _fail(5)
    assert not _is_in(other, "secretary")
    settings.SESSION_COOKIE_SECURE = True
    assert known_devices.cookie_name().startswith("__Host-")


def test_cookie_is_forgotten_half_a_year_after_the_last_log_in() -> None:
    device = _known("secretary")
    with _later(known_devices.MAX_AGE + 5):
        _fail(5)
        assert not _is_in(device, "secretary")


def test_wrong_password_alone_makes_no_device_known() -> None:
    client = Client()
    _login(client, "secretary", "wrong-password")
    assert known_devices.cookie_name() not in client.cookies


# --- The second factor is the way round -----------------------------------------------------------


def test_password_and_code_together_need_not_wait(town: Town) -> None:
    secret = _second_factor(town.users["secadmin"])
    _fail(9, "secadmin")
    client = Client()
    page = _login(client, "secadmin")
    assert _wait(page) > 0
    assert 'name="code"' in page.content.decode()
    assert "两步验证码" in page.content.decode()
    answer = _login(client, "secadmin", code=_code(secret))
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/"  # not asked for the code again
    assert client.get("/me/").status_code == 200


def test_recovery_code_is_a_way_round_too(town: Town) -> None:
    _second_factor(town.users["secadmin"])
    recovery = RecoveryCodes.activate(town.users["secadmin"]).get_unused_codes()[0]
    _fail(9, "secadmin")
    assert _login(Client(), "secadmin", code=recovery).status_code == 302
    assert _login(Client(), "secadmin", code=recovery).status_code == 200  # used up


@pytest.mark.parametrize(
    ("password", "code_is_right"), [(PASSWORD, False), ("wrong-password", True)]
)
def test_password_or_code_alone_does_not_end_a_delay(
    town: Town, password: str, code_is_right: bool
) -> None:
    secret = _second_factor(town.users["secadmin"])
    _fail(9, "secadmin")
    code = _code(secret) if code_is_right else "000000"
    answer = _login(Client(), "secadmin", password, code=code)
    assert answer.status_code == 200
    assert "用户名、密码或验证码不对" in answer.content.decode()


def test_way_round_is_not_closed_by_somebody_without_the_password(town: Town) -> None:
    secret = _second_factor(town.users["secadmin"])
    for _attempt in range(30):
        _login(Client(), "secadmin", "wrong-password", code="000000")
    assert _login(Client(), "secadmin", code=_code(secret)).status_code == 302


def test_codes_cannot_be_guessed_with_a_known_password(town: Town) -> None:
    secret = _second_factor(town.users["secadmin"])
    device = Client()
    assert _login(device, "secadmin", code=_code(secret)).status_code == 302
    device.post("/account/logout/")
    for number in range(login_delays.MAX_WRONG_CODES):
        _login(Client(), "secadmin", code="000000", address=f"203.0.113.{number}")
    with _later(30):  # a code is accepted once
        assert _login(Client(), "secadmin", code=_code(secret)).status_code == 200
        assert _login(device, "secadmin", code=_code(secret)).status_code == 302


def test_account_without_second_factor_has_no_way_round() -> None:
    _fail(5)
    assert _login(Client(), "secretary", code="000000").status_code == 200


# --- The codes of the second step -----------------------------------------------------------------


def _at_second_step(address: str = HERE, client: Client | None = None) -> Client:
    client = client or Client()
    answer = _login(client, "official", address=address)
    assert answer["Location"] == reverse("mfa_authenticate")
    return client


def _send_code(client: Client, code: str) -> HttpResponse:
    return client.post(reverse("mfa_authenticate"), {"code": code})  # type: ignore[return-value]


def test_wrong_codes_delay_unknown_devices_and_are_logged(town: Town) -> None:
    secret = _second_factor(town.users["official"])
    for _attempt in range(login_delays.MAX_WRONG_CODES):
        _send_code(_at_second_step(), "000000")
    assert _wait(_send_code(_at_second_step(ELSEWHERE), _code(secret))) == 1
    failed = SecurityEvent.objects.filter(action=SecurityAction.SECOND_FACTOR_FAILED)
    assert {line.user for line in failed} == {town.users["official"]}
    assert "000000" not in str(list(failed.values_list("detail", flat=True)))
    with _later(61):
        assert _send_code(_at_second_step(), _code(secret)).status_code == 302


def test_known_device_keeps_its_way_in_after_wrong_codes_elsewhere(town: Town) -> None:
    secret = _second_factor(town.users["official"])
    device = _at_second_step()
    assert _send_code(device, _code(secret)).status_code == 302
    device.post("/account/logout/")
    for _attempt in range(login_delays.MAX_WRONG_CODES):
        _send_code(_at_second_step(ELSEWHERE), "000000")
    with _later(30):
        assert _send_code(_at_second_step(client=device), _code(secret)).status_code == 302


# --- The schedule ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 60), (6, 120), (7, 240), (8, 480), (9, 900), (10, 900), (10**6, 900)],
)
def test_schedule(failures: int, seconds: int) -> None:
    assert login_delays.delay(failures, 5) == seconds
