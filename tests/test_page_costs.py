"""What drives the time of a page, as counts: queries, joins, included templates, translations.

Counts do not depend on the machine. Each page is asked for twice: the first request fills the
caches of the process, the second one is counted. The limits are a little above what the pages
need; a page that exceeds one became slower for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.template.loader_tags import IncludeNode
from django.test import Client
from django.utils import translation

from petitions.enums import Status
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import counted, login

CASES = 30
JOIN = re.compile(r"\bJOIN\b")


@dataclass
class Costs:
    """What one request costs; `joins` are those of the statement with most of them."""

    queries: int = 0
    joins: int = 0
    includes: int = 0
    translations: int = 0


# Page -> who opens it, its address, and the most it may cost.
PAGES: dict[str, tuple[str, str, Costs]] = {
    "home": ("secretary", "/home/", Costs(10, 2, 32, 170)),
    "list": ("secretary", "/petitions/", Costs(7, 1, 62, 250)),
    "list of all": ("official", "/petitions/?state=all&sort=newest", Costs(7, 1, 62, 250)),
    "case": ("secretary", "/petitions/{case}/", Costs(10, 2, 32, 230)),
    "overview": ("official", "/overview/", Costs(8, 1, 18, 110)),
    "API list": ("partner", "/petitions/?limit=20", Costs(3, 1, 0, 60)),
}


@contextmanager
def _counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Costs]:
    costs, include, gettext = Costs(), IncludeNode.render, translation._trans.gettext

    def counting_include(node: IncludeNode, context: Any) -> Any:
        costs.includes += 1
        return include(node, context)

    def counting_gettext(message: str) -> str:
        costs.translations += 1
        text: str = gettext(message)
        return text

    with monkeypatch.context() as patch, counted() as statements:
        patch.setattr(IncludeNode, "render", counting_include)
        patch.setattr(translation._trans, "gettext", counting_gettext)
        yield costs
    costs.queries = len(statements)
    costs.joins = max(len(JOIN.findall(sql)) for sql in statements)


@pytest.fixture
def case(stage: Stage) -> int:
    """A case that went through much, beside those that fill a page of the list."""
    for _number in range(CASES):
        stage.file()
    return stage.at(Status.IN_PROGRESS).pk


@pytest.mark.parametrize("page", PAGES)
def test_page_costs_no_more_than_its_limits(
    stage: Stage, case: int, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    username, address, limits = PAGES[page]
    path = address.format(case=case)
    client: Client | Program
    client = Program(stage.cast[username]) if page == "API list" else login(stage, username)
    assert client.get(path).status_code == 200
    with _counting(monkeypatch) as costs:
        client.get(path)
    exceeded = {
        name: (number, most)
        for name, number in vars(costs).items()
        if number > (most := vars(limits)[name])
    }
    assert not exceeded
