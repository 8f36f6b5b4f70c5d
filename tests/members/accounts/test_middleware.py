"""Middleware: timeouts, password change, second factor."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from members import workflow
from members.enums import SecurityAction
from members.models import SecurityEvent, User
from tests.members.conftest import NOW, PASSWORD, Town

ME = "/me/"


def _at(minutes: float) -> time_machine.travel:
    return time_machine.travel(NOW + dt.timedelta(minutes=minutes), tick=False)


@pytest.fixture
def secretary(town: Town, client: Client) -> Client:
    client.force_login(town.users["secretary"])
    client.get(ME)
    return client


def test_half_an_hour_without_a_request_ends_the_session(secretary: Client) -> None:
    with _at(29):
        assert secretary.get(ME).status_code == 200
    with _at(58):
        assert secretary.get(ME).status_code == 200
    with _at(90):
        answer = secretary.get(ME)
        assert answer["Location"] == "/account/login/?next=/me/"
        assert secretary.get(ME)["Location"] == "/account/login/?next=/me/"
    assert SecurityEvent.objects.filter(action=SecurityAction.TIMED_OUT).count() == 1


def test_eight_hours_end_the_session_however_busy(secretary: Client) -> None:
    for minutes in range(0, 480, 20):
        with _at(minutes):
            assert secretary.get(ME).status_code == 200
    with _at(481):
        assert secretary.get(ME).status_code == 302


def test_an_account_that_is_unlocked_has_no_session(town: Town, client: Client) -> None:
    user, by = town.users["secretary"], town.users["secadmin"]
    user.set_password(PASSWORD)
    user.save()
    client.post(reverse("account_login"), {"login": "secretary", "password": PASSWORD})
    assert client.get(ME).status_code == 200
    workflow.lock(user=user, by=by)
    workflow.unlock(user=user, by=by)
    assert client.get(ME)["Location"] == "/account/login/?next=/me/"
    assert not UserSession.objects.filter(user=user).exists()


def test_polling_does_not_extend_a_session(secretary: Client) -> None:
    for minutes in range(0, 30, 5):
        with _at(minutes):
            assert secretary.get("/inbox/unread/").status_code == 200
    with _at(31):
        answer = secretary.get("/inbox/unread/", headers={"HX-Request": "true"})
        assert answer["HX-Redirect"] == "/account/login/"


def test_a_form_sent_too_late_leads_to_the_front_page_after_the_log_in(secretary: Client) -> None:
    with _at(31):
        assert secretary.post("/inbox/read/")["Location"] == "/account/login/?next=/"


def test_a_visitor_is_never_timed_out(client: Client, db: None) -> None:
    session = client.session
    session["draft"] = "1"
    session.save()
    with _at(300):
        assert client.get("/").status_code == 200
    assert client.session["draft"] == "1"


def test_most_requests_cost_no_query_and_write_nothing(
    secretary: Client, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.DEMO = True  # otherwise the reach is read, which every page of cases needs anyway
    with django_assert_num_queries(2):  # session, user
        secretary.get("/livez")


def test_the_list_of_sessions_learns_the_time_once_a_minute(town: Town, client: Client) -> None:
    town.users["secretary"].set_password(PASSWORD)
    town.users["secretary"].save()
    client.post(reverse("account_login"), {"login": "secretary", "password": PASSWORD})
    client.get(ME)
    with _at(5):
        client.get(ME)
    assert UserSession.objects.get().last_seen_at == NOW + dt.timedelta(minutes=5)


def test_a_locked_account_is_out_at_once(town: Town, secretary: Client) -> None:
    User.objects.filter(username="secretary").update(is_active=False)
    assert secretary.get(ME).status_code == 302


def test_a_first_password_leads_to_its_change_and_nowhere_else(town: Town, client: Client) -> None:
    workflow.set_first_password(user=town.users["secretary"], by=None)
    client.force_login(town.users["secretary"])
    for page in (ME, "/inbox/", "/petitions/", "/admin/"):
        assert client.get(page)["Location"] == reverse("account_change_password"), page
    part = client.get(ME, headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == reverse("account_change_password")
    for page in (reverse("account_logout"), reverse("account_change_password")):
        assert client.get(page).status_code == 200, page
    answer = client.post(reverse("set_language"), {"language": "en", "next": "/x/"})
    assert answer["Location"] == "/x/"


@pytest.mark.parametrize("name", ["official", "city", "auditor", "sysadmin", "secadmin"])
def test_officials_and_administrators_must_set_up_a_second_factor(
    town: Town, client: Client, name: str
) -> None:
    client.force_login(town.users[name])
    assert client.get(ME)["Location"] == reverse("mfa_activate_totp")
    assert client.get("/admin/")["Location"] == reverse("mfa_activate_totp")


@pytest.mark.parametrize("name", ["staff", "member", "leader", "secretary", "community"])
def test_others_need_no_second_factor(town: Town, client: Client, name: str) -> None:
    client.force_login(town.users[name])
    assert client.get(ME).status_code == 200


def test_a_demo_requires_no_second_factor(town: Town, client: Client, settings: Settings) -> None:
    settings.DEMO = True
    client.force_login(town.users["official"])
    assert client.get(ME).status_code == 200


def test_a_second_factor_opens_the_pages_and_is_asked_for_once(
    town: Town, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    TOTP.activate(town.users["official"], generate_totp_secret())
    client.force_login(town.users["official"])
    assert client.get(ME).status_code == 200
    with django_assert_num_queries(2):
        client.get("/livez")


def test_no_page_of_a_session_is_kept_by_the_browser(secretary: Client) -> None:
    assert secretary.get(ME).headers["Cache-Control"] == "private, no-store"
