"""API of the caller's own account: tokens and scope."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken

from members import workflow
from members.models import User
from tests.members.conftest import NOW, Town


def _token(name: str = "partner", days: int = 30) -> str:
    out = StringIO()
    call_command("issue_token", name, days=days, stdout=out)
    return out.getvalue().strip()


def _me(client: Client, token: str) -> int:
    return client.get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_me_returns_account_and_posts(town: Town, client: Client) -> None:
    answer = client.get("/api/v1/me/", headers={"Authorization": f"Bearer {_token()}"})
    assert answer.json() == {
        "username": "partner",
        "name": "样本partner",
        "is_system": True,
        "day": "2026-11-23",
        "seats": [
            {
                "role": "api_client",
                "organisation_id": None,
                "organisation_name": "",
                "organisation_level": "",
                "is_deputy": False,
                "area_paths": [town.world.places["652302002"].path],
            }
        ],
    }


def test_only_the_digest_is_kept(town: Town) -> None:
    token = _token()
    assert token not in str(list(AuthToken.objects.values_list("digest", "token_key")))


def test_without_a_good_token_nobody_comes_in(town: Town, client: Client) -> None:
    token = _token(days=30)
    assert client.get("/api/v1/me/").status_code == 401
    assert _me(client, token + "x") == 401
    assert _me(client, token) == 200
    with time_machine.travel(NOW + dt.timedelta(days=31), tick=False):
        assert _me(client, token) == 401


def test_a_session_serves_as_well(town: Town, client: Client) -> None:
    client.force_login(town.users["secretary"])
    assert client.get("/api/v1/me/").json()["username"] == "secretary"


def test_locking_stops_a_token_at_once(town: Town, client: Client) -> None:
    token = _token()
    workflow.lock(user=User.objects.get(username="partner"), by=town.users["secadmin"])
    assert _me(client, token) == 401


def test_withdrawn_rights_act_at_once(town: Town, client: Client) -> None:
    token = _token()
    town.users["partner"].posts.update(valid_to=NOW.date() - dt.timedelta(days=1))
    answer = client.get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["seats"] == []


@pytest.mark.parametrize(("name", "days"), [("nobody", 1), ("staff", 1), ("partner", 0)])
def test_tokens_for_system_accounts_only(town: Town, name: str, days: int) -> None:
    with pytest.raises(CommandError):
        _token(name, days)
