"""Checks of a page: all rules of axe, both themes, phone and desktop width, no script errors."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support import browser_driver
from tests.support.route_objects import PageFinder

LANGUAGES = ("zh-hans", "en")
# On a phone one language is checked in the light theme and the other in the dark one, on a desktop
# the other way round, so every page is checked in both languages and both themes.
PHONE_THEME = {"zh-hans": "light", "en": "dark"}
DESK_THEME = {"zh-hans": "dark", "en": "light"}
RUN = """async () => {
    const { violations } = await axe.run({ resultTypes: ["violations"], preload: false });
    return violations.map(({ id, help, nodes }) => [id, help, nodes.map((node) => node.html)]);
}"""
axe = Axe()


def check_page(
    finder: PageFinder, who: str, address: str, language: str, *, status: int = 200
) -> None:
    """Open a page and check it; script errors and foreign requests fail too."""
    page = finder.page_of(who)
    finder.watch.errors.clear()
    browser_driver.speak(page, language)
    _size(page, browser_driver.PHONE_SCREEN)
    answer = page.goto(address)
    assert answer
    assert answer.status == status
    policy = answer.header_value("content-security-policy") or ""
    assert "default-src 'self'" in policy
    assert "unsafe-" not in policy
    check_open_page(page, language)
    errors = [error for error in finder.watch.errors if status == 200 or "status of" not in error]
    assert not errors
    assert not finder.watch.foreign_requests


def check_open_page(page: Page, language: str) -> None:
    """Check the open page in both widths and both themes."""
    _size(page, browser_driver.PHONE_SCREEN)
    assert page.get_attribute("html", "lang") == language
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} px too wide on a phone"
    _no_violation(page, PHONE_THEME[language])
    _size(page, browser_driver.DESK_SCREEN)
    _no_violation(page, DESK_THEME[language])


def _size(page: Page, screen: tuple[int, int]) -> None:
    width, height = screen
    page.set_viewport_size({"width": width, "height": height})


def _no_violation(page: Page, theme: str) -> None:
    """Run all rules; the library's wrapper reloads style sheets and returns far more."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe.axe_script)
    violations = page.evaluate(RUN)
    assert not violations, f"{theme}: {violations}"
