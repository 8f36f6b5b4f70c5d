"""Finds a page for every route of the URL configuration, with sample objects and a suitable user.

A route is a page when GET returns 200 and a complete HTML document. Accessibility tests and
screenshots use it, so a new page cannot be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.urls import reverse
from playwright.sync_api import Browser, Page

from petitions.enums import Verb
from petitions.states import RULE_OF
from tests.support import browser_driver, route_list
from tests.support.route_list import Access, Route
from tests.support.stack import Stack

Where = tuple[str, str]  # who, address
Parameters = Mapping[str, Any]
VERBS = {f"petitions:{verb.value}": rule for verb, rule in RULE_OF.items()}
DOORS = ("petitions:visit", "petitions:doors_print")
ADMIN_ACCESS = (*(access for access in Access if access.name.startswith("ADMIN")), Access.LOG_IN)
WHO = {
    Access.PUBLIC: ("visitor",),
    **dict.fromkeys(
        (Access.DRAFT, Access.JOIN, Access.RECEIPT, Access.FOLLOW, Access.FOLLOWED_PHOTO),
        ("visitor", "reporter"),
    ),
    Access.OWN_ACCOUNT: ("visitor", "outsider", "city", "halfway"),
    Access.LOGIN: ("secretary",),
    Access.OWN: ("secretary",),
    Access.POST: ("official", "secretary"),
    Access.CASE: ("secretary",),
    Access.VERB: ("secretary", "community", "official", "department"),
    Access.SLIP: ("staff",),
    Access.PHOTO: ("secretary",),
    Access.PLACE: ("secretary",),
    Access.ORGANISATION: ("secretary",),
    Access.AUDIT: ("auditor",),
    **dict.fromkeys(ADMIN_ACCESS, ("sysadmin", "secadmin", "auditor")),
}
TRIES = 60  # cases: on any day of the sample one of them suits each verb
TABLE_OF = re.compile(r"admin:(?P<app>[a-z]+)_(?P<model>[a-z]+)_[a-z]+$")


@dataclass
class PageFinder:
    """Logged-in browsers by user, and sample objects for the parameters of routes."""

    browser: Browser
    stack: Stack
    watch: browser_driver.Watch
    pages: dict[str, Page] = field(default_factory=dict)
    places: dict[str, Where | None] = field(default_factory=dict)

    def page_of(self, who: str) -> Page:
        """Return the page of a user's browser, logged in and prepared."""
        if who not in self.pages:
            browser_context = browser_driver.context(self.browser, self.stack)
            self.watch.attach(browser_context)
            page = self.pages[who] = browser_context.new_page()
            self._log_in(who, page)
        return self.pages[who]

    def close(self) -> None:
        """Close all browsers."""
        for page in self.pages.values():
            page.context.close()

    def find(self, route: Route) -> Where | None:
        """Return a user and a URL that open the route; None when it is no page."""
        if route.name not in self.places:
            self.places[route.name] = next(self._open(route), None)
        return self.places[route.name]

    def _open(self, route: Route) -> Iterator[Where]:
        access = route_list.access_of(route.name)
        for parameters in self._samples(route):
            address = reverse(route.name, kwargs=dict(parameters))
            for who in WHO.get(access, ()) if access else ():
                answer = self.page_of(who).context.request.get(
                    address, max_redirects=0, max_retries=2
                )
                is_html = answer.headers.get("content-type", "").startswith("text/html")
                if answer.status == 200 and is_html and "<html" in answer.text():
                    yield who, address

    def _log_in(self, who: str, page: Page) -> None:
        if who in ("visitor", "reporter"):
            browser_driver.begin_report(page, self.stack)
            browser_driver.finish_draft(page)
        if who == "reporter":
            page.get_by_role("button", name="提交").click()
            browser_driver.follow(page, browser_driver.read_receipt(page))
        if who in ("visitor", "reporter"):
            return
        if who == "halfway":  # password accepted, second factor still missing
            self.page_of("city")
            browser_driver.send_password(page, "city")
            return
        browser_driver.log_in(page, who)
        if who == "staff":
            browser_driver.file_at_desk(page)
        elif who == "outsider":
            browser_driver.prove_password(page)
        elif who == "city":
            browser_driver.add_second_factor(page)

    def _samples(self, route: Route) -> Iterator[Parameters]:
        if not route.parameters:
            yield {}
        elif route.name in VERBS or route.name in DOORS:
            move = VERBS.get(route.name, RULE_OF[Verb.VISIT])
            yield from ({"pk": pk} for pk in self._cases([s.value for s in move.sources]))
        elif access := route_list.access_of(route.name):
            yield from self._objects(route, access)

    def _cases(self, states: list[str]) -> list[int]:
        """Return cases of the demo branch in these states, escalated ones first.

        Only those of the sample: the journeys of other processes change their own.
        """
        query = """SELECT p.id FROM petitions_petition p WHERE p.status = ANY(%s) AND p.is_sample
            AND p.organisation_id = (SELECT organisation_id FROM members_post o
                JOIN members_user u ON u.id = o.user_id WHERE u.username = 'secretary')
            ORDER BY p.is_answer_owed DESC, p.id DESC LIMIT %s"""
        return [row[0] for row in self.stack.rows(query, states, TRIES)]

    def _objects(self, route: Route, access: Access) -> Iterator[Parameters]:
        ask = self.stack.value
        by_name = "SELECT id FROM grids_area WHERE full_name = %s"
        match access:
            case Access.PLACE:
                yield {"pk": ask(by_name, browser_driver.BUILDING)}
            case Access.ORGANISATION:
                query = """SELECT o.organisation_id FROM members_post o
                    JOIN members_user u ON u.id = o.user_id WHERE u.username = 'secretary'"""
                yield {"pk": ask(query)}
            case Access.CASE:
                states = [state.value for state in RULE_OF[Verb.NOTE].sources]
                yield {"pk": self._cases(states)[0]}
            case Access.SLIP:
                self.page_of("staff")
                yield {"pk": ask("SELECT max(id) FROM petitions_petition WHERE channel = 'desk'")}
            case Access.PHOTO:
                yield {"uuid": ask("SELECT uuid FROM petitions_photo LIMIT 1")}
            case Access.OWN:
                yield {"pk": ask("SELECT max(id) FROM members_inboxmessage")}
            case access if access in ADMIN_ACCESS:
                yield from self._rows(route)
            case _:
                yield from self._public(route)

    def _rows(self, route: Route) -> Iterator[Parameters]:
        """Yield parameters of an admin page: the first row of its table."""
        if route.parameters == ("object_id",) and (row := TABLE_OF.match(route.name)):
            meta = apps.get_model(row["app"], row["model"])._meta
            assert meta.pk
            places = self.stack.rows(f"SELECT min({meta.pk.column}) FROM {meta.db_table}")
            yield from ({"object_id": pk} for (pk,) in places if pk is not None)
        elif route.parameters == ("app_label",):
            yield {"app_label": "grids"}

    def _public(self, route: Route) -> Iterator[Parameters]:
        sample = {
            "code": browser_driver.qr_code(self.stack, browser_driver.BUILDING),
            "pk": self._cases(["submitted"])[0],
            "uuid": self.stack.value("SELECT uuid FROM petitions_photo LIMIT 1"),
            "token": "none",
            "key": "none-none",
            "uidb36": "1",
            "content_type_id": "1",
            "object_id": "1",
        }
        yield {name: sample[name] for name in route.parameters}
