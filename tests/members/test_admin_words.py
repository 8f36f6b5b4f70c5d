"""Words of the admin that the packages have in English or say badly, and the greetings."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from tests.support.cast import Stage
from tests.support.clients import login

PASSWORD = "Correct-Horse-46"


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True  # without the second factor


def test_start_page_of_the_admin_is_in_words_of_the_reader(stage: Stage) -> None:
    page = login(stage, "secadmin").get("/admin/").content.decode()
    assert "接口令牌" in page
    for words in ("Knox", "Auth token", "无可选的", "我的动作", "欢迎，"):
        assert words not in page
    assert "还没有操作过。" in page
    assert f"{stage.cast['secadmin'].name}</a>，您好。" in page


def test_admin_has_no_link_that_leads_back_to_itself(stage: Stage) -> None:
    assert '<a href="/">' not in login(stage, "sysadmin").get("/admin/").content.decode()


def test_last_acts_are_listed_on_the_start_page(stage: Stage) -> None:
    client, city = login(stage, "sysadmin"), stage.town.areas["city"]
    day = {"date": "2027-10-01", "name": "国庆节", "kind": "holiday", "source": "通知"}
    client.post(reverse("admin:grids_calendarday_add"), day | {"region": city.pk})
    page = client.get("/admin/").content.decode()
    assert "还没有操作过。" not in page
    assert 'class="addlink"' in page.partition("我最近的操作")[2]


def test_log_in_greets_by_name(stage: Stage) -> None:
    user, client = stage.cast["secretary"], Client()
    user.set_password(PASSWORD)
    user.save()
    answer = client.post("/account/login/", {"login": "secretary", "password": PASSWORD})
    assert [str(text) for text in get_messages(answer.wsgi_request)] == [f"{user.name}，您好。"]
