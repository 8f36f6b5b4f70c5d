"""Journey by keyboard: file a report at the desk within a minute; fill in a door sheet."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.browser_driver import snap
from tests.support.run_report import ReportFigure
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

A_MINUTE = 60.0
STROKE = 120.0  # milliseconds a key: about 40 words a minute
MOST_TABS = 80  # the next control must be reachable within this many presses


@pytest.fixture
def desk(opened: Opener) -> Page:
    return opened(screen=browser_driver.DESK_SCREEN)


def test_desk_in_a_minute(
    desk: Page, stack: Stack, watch: browser_driver.Watch, report_figure: ReportFigure
) -> None:
    """File a report from the empty form to the slip at typing speed."""
    browser_driver.log_in(desk, "staff")
    desk.keyboard.press("c")
    desk.wait_for_url("**/petitions/new/")
    expect(desk.locator("#id_where")).to_be_focused()
    began = time.monotonic()
    keys = browser_driver.type_report(desk, STROKE) + 1
    expect(desk.locator("#desk-known")).to_contain_text("会送到")
    snap(desk, "page-desk")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url("**/slip/")
    seconds = time.monotonic() - began
    number = desk.locator(".code__value").first.inner_text()
    report_figure(f"desk: {keys} keystrokes, {seconds:.1f} s from the empty form to {number}")
    assert seconds <= A_MINUTE
    query = """SELECT a.full_name, c.code, p.text FROM petitions_petition p
        JOIN grids_area a ON a.id = p.place_id JOIN petitions_category c ON c.id = p.category_id
        WHERE p.id = %s"""
    place, category, text = stack.rows(query, int(number.rpartition("-")[2]))[0]
    assert (place, category, text) == (browser_driver.BUILDING, "WS01", browser_driver.MURKY)
    assert not watch.errors


def test_text_typed_before_the_script_loads_is_looked_up(desk: Page) -> None:
    """On a slow connection the input is usable before its script has loaded."""
    browser_driver.log_in(desk, "staff")
    held_requests: list[Route] = []
    desk.route(re.compile(r"/combobox[.\w]*\.js"), lambda route: held_requests.append(route))
    desk.goto("/petitions/new/")
    desk.keyboard.type("fxhy")
    while not held_requests:
        desk.wait_for_timeout(20)
    expect(desk.locator("[role=combobox]")).to_have_count(0)
    held_requests[0].continue_()
    expect(desk.locator("[role=option]:visible").first).to_contain_text("阜兴花苑")
    desk.keyboard.type("46")
    expect(desk.locator("[role=option]:visible").first).to_contain_text("46")
    expect(desk.locator("#id_where")).to_have_value("fxhy46")


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_stale_results_are_not_selected(desk: Page, key: str) -> None:
    """A fast clerk types 46 while the list still shows results for 4."""
    browser_driver.log_in(desk, "staff")
    desk.goto("/petitions/new/")
    held_requests: list[Route] = []
    meant = re.compile(r"[?&]q=fxhy46$")
    desk.route(meant, lambda route: held_requests.append(route))
    place = desk.locator("input[name=place]")
    options = desk.locator("[role=option]:visible")
    desk.keyboard.type("fxhy4")
    expect(options.first).to_contain_text("阜兴花苑4号楼")
    with desk.expect_request(meant, timeout=5_000):
        desk.keyboard.type("6")
        desk.keyboard.press(key)
    expect(place).to_have_value("")
    held_requests[-1].continue_()
    expect(desk.locator("#id_where")).to_have_value(re.compile("阜兴花苑46号楼"))
    expect(place).not_to_have_value("")


def test_preview_is_updated_when_an_extension_styled_its_fields(desk: Page) -> None:
    """Browser extensions leave style attributes on fields; a new preview must not copy them."""
    browser_driver.log_in(desk, "staff")
    desk.goto("/petitions/new/")
    browser_driver.type_report(desk)
    expect(desk.locator("#desk-known .facts dd").last).to_be_visible()  # the category's answer too
    about = desk.locator("#desk-known #about-none")
    for _attempt in range(20):  # each field that is left asks again, and may replace the answer
        about.evaluate(
            "field => { field.style.caretColor = 'transparent'; field.style.caretColor = ''; }"
        )
        if about.get_attribute("style") == "":
            break
        desk.wait_for_timeout(100)
    else:
        pytest.fail("the answer is replaced all the time")
    desk.locator("#id_urgency").select_option("emergency")
    expect(desk.locator("#desk-known .facts dd").last).to_have_text("紧急")
    expect(about).not_to_have_attribute("style", "")  # a field of the new answer


def test_case_and_doors(desk: Page, stack: Stack, watch: browser_driver.Watch) -> None:
    """Find a case by its number, open its door sheet, set results, save."""
    case = stack.value(
        """SELECT p.id FROM petitions_petition p JOIN grids_area a ON a.id = p.place_id
        WHERE p.status = 'in_progress' AND a.full_name = %s ORDER BY p.id LIMIT 1""",
        browser_driver.BUILDING,
    )
    browser_driver.log_in(desk, "secretary")
    desk.keyboard.press("/")
    desk.keyboard.type(f"2026-{case:06d}")
    desk.keyboard.press("Enter")
    desk.wait_for_url(f"**/petitions/{case}/**")
    snap(desk, "page-case")
    _tab_to(desk, f"/petitions/{case}/doors/")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/doors/**")
    _tab_to(desk, "1 单元 601")
    desk.keyboard.press("3")
    expect(desk.get_by_role("button", name="1 单元 601 有问题")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("2")
    expect(desk.get_by_role("button", name="1 单元 501 没问题")).to_be_focused()
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".messages, .toasts, [role=status]").first).to_be_visible()
    query = """SELECT floor, result FROM petitions_doorvisit
        WHERE petition_id = %s AND entrance = 1 AND door = 1 AND floor >= 5 ORDER BY floor"""
    assert stack.rows(query, case) == [(5, "not_affected"), (6, "affected")]
    assert not watch.errors


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the wanted element has a visible focus."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const at = document.activeElement, look = getComputedStyle(at);
            return [at.getAttribute("href") ?? at.getAttribute("aria-label") ?? "",
                look.outlineStyle !== "none" || look.boxShadow !== "none"]; }"""
        )
        if wanted in here[0]:
            assert here[1], f"{wanted} has the focus, but does not show it"
            return
    pytest.fail(f"{wanted} is not reached by {MOST_TABS} times Tab")
