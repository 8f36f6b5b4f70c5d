"""Start pages by role: `/`, `/home/` and the 403 page lead each user to a page of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.test import Client

from members import workflow
from members.accounts import start_page
from members.enums import Role
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.log_lines import last_line, lines

START_PAGES = {"auditor": "/security-log/", "sysadmin": "/admin/", "secadmin": "/admin/"}


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True  # without the second factor


@pytest.mark.parametrize("name", START_PAGES)
@pytest.mark.parametrize("url", ["/", "/home/"])
def test_role_without_cases_is_led_to_its_own_page(stage: Stage, name: str, url: str) -> None:
    client, mark = login(stage, name), last_line()
    assert client.get(url, follow=True).redirect_chain == [(START_PAGES[name], 302)]
    assert [line.outcome for line in lines(mark) if line.is_refused] == []


def test_role_with_cases_starts_at_the_work_of_today(stage: Stage) -> None:
    client = login(stage, "secretary")
    assert client.get("/home/").status_code == 200
    assert client.get("/")["Location"] == "/home/"


def test_of_several_roles_the_one_with_cases_comes_first(stage: Stage) -> None:
    user = stage.cast["secretary"]
    auditor = dataclasses.replace(user.scope.posts[0], role=Role.AUDITOR)
    user.scope = dataclasses.replace(user.scope, posts=(auditor, *user.scope.posts))
    assert start_page.url_for(user) == "/home/"


def test_user_without_a_post_is_led_to_the_account(stage: Stage, client: Client) -> None:
    client.force_login(
        workflow.create_person(username="new", name="示例新", by=stage.cast["secadmin"])
    )
    assert client.get("/home/")["Location"] == "/me/"


def test_poll_of_the_home_page_makes_the_browser_load_the_start_page(stage: Stage) -> None:
    answer = login(stage, "auditor").get("/home/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/security-log/"


def test_visitor_is_not_led_away(client: Client, db: None) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/home/")["Location"] == "/account/login/"


@pytest.mark.parametrize("name", START_PAGES)
def test_pages_of_cases_stay_closed_and_offer_a_way_on(stage: Stage, name: str) -> None:
    client, mark = login(stage, name), last_line()
    answer = client.get("/petitions/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert f'href="{START_PAGES[name]}"' in page
    assert 'href="/account/logout/"' in page
    assert [line.is_refused for line in lines(mark)] == [True]
