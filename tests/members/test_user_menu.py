"""The user menu of staff pages: places and organisations, which a phone shows nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cast import Stage
from tests.support.clients import login


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True  # without the second factor


def _menu(stage: Stage, name: str, url: str) -> str:
    page = login(stage, name).get(url).content.decode()
    return page.partition('class="menu__body"')[2].partition("</details>")[0]


@pytest.mark.parametrize("name", ["clerk", "secretary", "official", "member"])
def test_user_menu_leads_to_places_and_organisations(stage: Stage, name: str) -> None:
    menu = _menu(stage, name, "/home/")
    for url in ("/places/", "/organisations/"):
        assert f'href="{url}"' in menu


def test_administrator_roles_see_neither(stage: Stage) -> None:
    menu = _menu(stage, "auditor", "/security-log/")
    assert "退出" in menu
    assert "/places/" not in menu
