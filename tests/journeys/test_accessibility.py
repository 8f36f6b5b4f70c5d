"""Every page: no axe violation, horizontal scrolling, script error or foreign request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import browser_driver, route_list
from tests.support.page_checks import LANGUAGES, check_page
from tests.support.route_list import Route
from tests.support.route_objects import PageFinder
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

TRACK_VERBS = ("leave", "confirm", "dispute", "rate", "reopen", "withdraw", "contact")
FOR_PROGRAMS, FRAGMENT, POST, PICTURE = "for programs", "a part of a page", "POST only", "a picture"
NOT_PAGES = {
    **dict.fromkeys(("livez", "readyz", "metrics"), FOR_PROGRAMS),
    **dict.fromkeys(("set_language", "preferences"), POST),
    "mfa_download_recovery_codes": "a text file",
    **dict.fromkeys(("grids:suggest", "petitions:category_suggest"), FRAGMENT),
    **dict.fromkeys(("petitions:public_suggest", "petitions:desk_preview"), FRAGMENT),
    **dict.fromkeys(("members:unread", "members:open"), "a number, and a way on"),
    **dict.fromkeys(("members:read_all", "members:read"), POST),
    "members:security_log_export": "a file",
    **dict.fromkeys(("petitions:me_too", "petitions:report_me_too"), POST),
    "petitions:clear_device": POST,
    **dict.fromkeys((f"petitions:track_{name}" for name in TRACK_VERBS), POST),
    **dict.fromkeys((f"petitions:{verb}" for verb in ("accept", "start", "ack")), "one press"),
    **dict.fromkeys(("petitions:report_photo", "petitions:photo_file", "petitions:thumb"), PICTURE),
    **dict.fromkeys(("petitions:track_photo", "petitions:track_thumb"), PICTURE),
}
ROUTES = [route for route in route_list.routes() if not route.name.startswith(("api:", "admin"))]
PAGES = [route for route in ROUTES if route.name not in NOT_PAGES]
# Error pages: user, URL and status.
ERROR_PAGES = {
    "not found": ("visitor", "/nowhere/", 404),
    "not yours": ("secretary", "/petitions/999999999/", 404),
    "not your work": ("sysadmin", "/petitions/", 403),
    "no such date": ("secretary", "/petitions/?filed_from=yesterday", 200),
}


@pytest.fixture(scope="module")
def finder(browser: Browser, stack: Stack) -> Iterator[PageFinder]:
    created = PageFinder(browser, stack, browser_driver.Watch(stack.address))
    yield created
    created.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_page(finder: PageFinder, route: Route, language: str) -> None:
    page = finder.find(route)
    assert page, f"{route.name} is no page to anybody: say why in NOT_PAGES"
    check_page(finder, *page, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", ERROR_PAGES)
def test_error_page(finder: PageFinder, case: str, language: str) -> None:
    who, address, status = ERROR_PAGES[case]
    check_page(finder, who, address, language, status=status)


def test_excluded_routes_are_no_pages(finder: PageFinder) -> None:
    pages = [route for route in ROUTES if route.name in NOT_PAGES and finder.find(route)]
    assert not pages
    assert set(NOT_PAGES) <= {route.name for route in ROUTES}
