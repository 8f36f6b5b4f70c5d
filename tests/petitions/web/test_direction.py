"""What people typed is isolated for direction on pages: it cannot reorder what surrounds it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Outcome, Status
from petitions.models import Petition
from petitions.rules import tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, handling, resolution
from tests.support import route_list
from tests.support.cast import Stage
from tests.support.clients import login

OVERRIDE = "\u202e"
WITHOUT_END = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "col", "rect"}
)
NOT_SHOWN_INLINE = frozenset({"script", "style", "title", "option", "textarea", "template"})


class Page(HTMLParser):
    """Collects the text nodes of a page, each with the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, list[tuple[str, dict[str, str | None]]]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in WITHOUT_END:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((data, list(self.open)))


def not_isolated(html: str, ltr_values: tuple[str, ...]) -> list[str]:
    """Return the texts with an override that is not isolated, and the numbers not kept LTR."""
    faults = []
    for text, around in Page(html).texts:
        inner = [element for element in around if element[0] != "html"]
        if any(tag in NOT_SHOWN_INLINE for tag, _attributes in inner):
            continue
        is_isolated = any(tag == "bdi" or "dir" in attributes for tag, attributes in inner)
        is_ltr = any(attributes.get("dir") == "ltr" for _tag, attributes in inner)
        if OVERRIDE in text and not is_isolated:
            faults.append(text.strip())
        faults += [value for value in ltr_values if value in text and not is_ltr]
    return faults


def test_the_search_finds_what_is_not_isolated() -> None:
    planted = (
        f"<html dir=ltr><p>{OVERRIDE}a</p><p dir=auto>{OVERRIDE}b</p><i>2026-000001</i></html>"
    )
    assert not_isolated(planted, ("2026-000001",)) == [f"{OVERRIDE}a", "2026-000001"]


@pytest.fixture
def petition(stage: Stage) -> Petition:
    """Return a resolved case of an earlier release: every text has a right-to-left override."""
    now = timezone.now() - dt.timedelta(hours=2)
    details = ContactDetails(name=f"{OVERRIDE}示例", phone="19000001234")
    petition = stage.at(Status.IN_PROGRESS, now=now, contact=details, text=f"水{OVERRIDE}浑")
    by = stage.cast["secretary"]
    handling.note(petition=petition, by=by, now=now, body=f"公开{OVERRIDE}的话", is_public=True)
    contact.reveal(petition=petition, by=by, now=now, reason=f"约{OVERRIDE}时间")
    resolution.resolve(
        petition=petition,
        by=by,
        now=now,
        outcome=Outcome.RESOLVED,
        cause=f"铁{OVERRIDE}管",
        public_answer=f"换{OVERRIDE}了管子",
    )
    return Petition.objects.get(pk=petition.pk)


def _addresses(petition: Petition) -> Iterator[str]:
    parameters: dict[str, Any] = {"pk": petition.pk}
    for route in route_list.routes():
        is_page = route.name.startswith(("petitions:", "grids:", "branches:", "members:"))
        if is_page and set(route.parameters) <= set(parameters):
            address = "/" + route.pattern
            for name in route.parameters:
                address = address.replace(f"<int:{name}>", str(parameters[name]))
            yield address


@pytest.mark.parametrize("name", ["secretary", "clerk", "official", "secadmin"])
def test_pages_of_staff(stage: Stage, petition: Petition, name: str) -> None:
    client = login(stage, name)
    values = (petition.number, "1900000", "0994-0000000")
    pages = 0
    for address in _addresses(petition):
        answer = client.get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            pages += 1
            assert not_isolated(answer.content.decode(), values) == [], address
    assert pages > 3


def test_pages_of_residents(stage: Stage, petition: Petition) -> None:
    client, code = Client(), tracking_codes.code_for(petition.uuid)
    client.post("/track/", {"code": code, "digits": "1234"})
    values = (petition.number, tracking_codes.shown(code), "0994-0000000")
    for address in ("/track/case/", "/", "/who/", f"/who/?place={stage.town.building.pk}"):
        page = client.get(address).content.decode()
        assert not_isolated(page, values) == [], address
