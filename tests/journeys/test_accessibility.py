"""Every page: no axe violation, no sideways scroll, no error, no stranger, a strict policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests import access
from tests.access import Route
from tests.journeys import hands
from tests.journeys.guide import Guide
from tests.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

TRACK_VERBS = ("leave", "confirm", "dispute", "rate", "reopen", "withdraw", "contact")
FOR_PROGRAMS, FRAGMENT, POST, PICTURE = "for programs", "a part of a page", "POST only", "a picture"
NOT_PAGES = {
    **dict.fromkeys(("livez", "readyz", "metrics"), FOR_PROGRAMS),
    **dict.fromkeys(("set_language", "preferences"), POST),
    **dict.fromkeys(("account_set_password", "account_confirm_login_code"), "not in use here"),
    "mfa_download_recovery_codes": "a text file",
    **dict.fromkeys(("grids:suggest", "petitions:category_suggest"), FRAGMENT),
    **dict.fromkeys(("petitions:public_suggest", "petitions:desk_preview"), FRAGMENT),
    **dict.fromkeys(("members:unread", "members:open"), "a number, and a way on"),
    **dict.fromkeys(("members:read_all", "members:read"), POST),
    **dict.fromkeys(("petitions:me_too", "petitions:report_me_too"), POST),
    **dict.fromkeys((f"petitions:track_{name}" for name in TRACK_VERBS), POST),
    **dict.fromkeys(("petitions:accept", "petitions:start"), "one press on the case page"),
    **dict.fromkeys(("petitions:report_photo", "petitions:photo_file", "petitions:thumb"), PICTURE),
    **dict.fromkeys(("petitions:track_photo", "petitions:track_thumb"), PICTURE),
}
ROUTES = [one for one in access.routes() if not one.name.startswith(("api:", "admin:"))]
# The operators' pages are the framework's; these blemishes, and fields without a label in its
# tables of rows to edit, are its own.
FRAMEWORK = ("empty-table-header", "aria-input-field-name", "link-in-text-block")
OPERATORS = [
    one
    for one in access.routes()
    if one.name.startswith(
        ("admin:grids_", "admin:branches_", "admin:members_", "admin:petitions_")
    )
    and one.name.endswith(("_changelist", "_change"))
]
PAGES = [one for one in ROUTES if one.name not in NOT_PAGES]
ALL_RULES: dict[str, object] = {"resultTypes": ["violations"], "preload": False}
CONTRAST = ALL_RULES | {"runOnly": ["color-contrast"]}
LANGUAGES = ("zh-hans", "en")
RUN = """async ([options, leave_out]) => {
    const where = leave_out ? { include: ["html"], exclude: [leave_out] } : document;
    const { violations } = await axe.run(where, options);
    return violations.map(({ id, help, nodes }) => [id, help, nodes.map((node) => node.html)]);
}"""
axe = Axe()


@pytest.fixture(scope="module")
def guide(browser: Browser, stack: Stack) -> Iterator[Guide]:
    made = Guide(browser, stack, hands.Watch(stack.address))
    yield made
    made.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_page(guide: Guide, route: Route, language: str) -> None:
    found = guide.find(route)
    assert found, f"{route.name} is no page to anybody: say why in NOT_PAGES"
    who, address = found
    page = guide.page_of(who)
    guide.watch.errors.clear()
    hands.speak(page, language)
    _look(page, address)
    assert not guide.watch.errors
    assert not guide.watch.strangers


@pytest.mark.parametrize("route", OPERATORS, ids=lambda route: route.name)
def test_page_of_the_operators(guide: Guide, route: Route) -> None:
    found = guide.find(route)
    assert found
    page = guide.page_of(found[0])
    guide.watch.errors.clear()
    page.goto(found[1])
    own = {rule: {"enabled": False} for rule in FRAMEWORK}
    _no_violation(page, ALL_RULES | {"rules": own}, leave_out=".tabular")
    assert not guide.watch.errors
    assert not guide.watch.strangers


def _look(page: Page, address: str) -> None:
    width, height = hands.PHONE_SCREEN
    page.set_viewport_size({"width": width, "height": height})
    answer = page.goto(address)
    assert answer
    policy = answer.header_value("content-security-policy") or ""
    assert "default-src 'self'" in policy
    assert "unsafe-" not in policy
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} px too wide at {width} px"
    _no_violation(page, ALL_RULES)
    width, height = hands.DESK_SCREEN
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    _no_violation(page, CONTRAST)


def _no_violation(page: Page, options: dict[str, object], leave_out: str = "") -> None:
    """Run the rules; the library's own wrapper fetches style sheets anew and returns far more."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe.axe_script)
    found = page.evaluate(RUN, [options, leave_out])
    assert not found


def test_what_is_said_to_be_no_page_is_none(guide: Guide) -> None:
    pages = [one for one in ROUTES if one.name in NOT_PAGES and guide.find(one)]
    assert not pages
    assert set(NOT_PAGES) <= {one.name for one in ROUTES}
