"""The comboboxes of the desk: late results, stale choices, drafts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

DESK = "/petitions/new/"
LOOK_UP = re.compile(r"/places/suggest/")
DRAFTS = re.compile(r"/draft[.\w]*\.js")
HERE, THERE = "阜兴花苑46号楼", "天山佳苑4号楼"


@pytest.fixture
def desk(opened: Opener) -> Page:
    page = opened(screen=browser_driver.DESK_SCREEN)
    browser_driver.log_in(page, "staff")
    page.goto(DESK)
    expect(page.locator("#id_where")).to_have_attribute("role", "combobox")  # its script is there
    return page


MOVED = """
    new MutationObserver((changes) => {
      const gone = changes.flatMap((change) => [...change.removedNodes]);
      if (gone.some((node) => node.id === "id_where")) window.wasMoved = true;
    }).observe(document, { childList: true, subtree: true });
"""


def _hold(page: Page) -> list[Route]:
    held_requests: list[Route] = []
    page.route(LOOK_UP, lambda route: held_requests.append(route))
    return held_requests


def _pick(page: Page, typed: str, name: str) -> None:
    page.keyboard.type(typed)
    expect(page.locator("[role=option]:visible").first).to_contain_text(name)
    page.keyboard.press("Enter")
    expect(page.locator("#id_where")).to_have_value(re.compile(name))


def test_enter_before_results_arrive_selects_the_only_result(desk: Page) -> None:
    held_requests = _hold(desk)
    with desk.expect_request(re.compile(r"[?&]q=fxhy46$"), timeout=5_000):
        desk.keyboard.type("fxhy46")
        desk.keyboard.press("Enter")
    expect(desk.locator("[data-error-summary]")).to_have_count(0)
    held_requests[-1].continue_()
    expect(desk.locator("#id_where")).to_have_value(re.compile(HERE))
    expect(desk.locator("#desk-known")).to_contain_text(HERE)


def test_enter_without_result_does_not_submit(desk: Page) -> None:
    desk.keyboard.type("zzzz")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    expect(desk.locator(".combobox__empty:visible")).to_contain_text("没有找到")
    expect(desk.locator("[data-error-summary]")).to_have_count(0)


def test_failed_lookup_is_reported(desk: Page, watch: browser_driver.Watch) -> None:
    desk.route(LOOK_UP, lambda route: route.abort())
    desk.keyboard.type("fxhy46")
    expect(desk.locator(".combobox__empty:visible")).to_contain_text("现在查不了")
    assert watch.errors
    watch.errors.clear()
    desk.unroute(LOOK_UP)
    desk.keyboard.press("Enter")
    expect(desk.locator("#id_where")).to_have_value(re.compile(HERE))


def test_candidates_are_removed_with_the_text_they_belong_to(desk: Page) -> None:
    """A candidate for the initials was preselected; then the clerk chose another building."""
    desk.keyboard.type("fxhy46")
    desk.keyboard.press("Control+Enter")
    offered = desk.locator("input[name=place_choice]")
    expect(offered).to_be_checked()
    expect(desk.locator("#desk-known")).to_contain_text(HERE)
    desk.locator("#id_where").fill("")
    expect(offered).to_have_count(0)
    desk.locator("#id_where").focus()
    _pick(desk, "tsjy4", THERE)
    expect(desk.locator("#desk-known")).to_contain_text(THERE)


def test_discarded_draft_is_deleted_completely(desk: Page) -> None:
    _pick(desk, "fxhy46", HERE)
    desk.locator("#id_text").fill("水是浑的")
    desk.goto(DESK)
    notice = desk.locator("#desk > .notice")
    panel = desk.locator("#desk-known")
    expect(panel).to_contain_text(HERE)
    box, known = notice.bounding_box(), panel.bounding_box()
    form = desk.locator(".desk__form").bounding_box()
    assert box
    assert known
    assert form
    assert box["y"] + box["height"] <= min(form["y"], known["y"])
    assert form["x"] + form["width"] <= known["x"]
    notice.get_by_role("button").click()
    expect(desk.locator("input[name=place]")).to_have_value("")
    expect(panel).not_to_contain_text(HERE)
    desk.goto(DESK)
    expect(desk.locator("#id_where.combobox, [role=combobox]#id_where")).to_have_value("")
    expect(notice).to_have_count(0)


def test_typing_over_a_draft_replaces_it(desk: Page) -> None:
    _pick(desk, "fxhy46", HERE)
    desk.locator("#id_text").fill("水是浑的")
    desk.goto(DESK)
    expect(desk.locator("#desk > .notice")).to_be_visible()
    _pick(desk, "tsjy4", THERE)


def test_text_typed_before_the_draft_loads_is_kept(desk: Page) -> None:
    _pick(desk, "fxhy46", HERE)
    desk.locator("#id_text").fill("水是浑的")
    held_requests: list[Route] = []
    desk.route(DRAFTS, lambda route: held_requests.append(route))
    with desk.expect_request(DRAFTS, timeout=5_000):
        desk.goto(DESK)
        desk.keyboard.type("tsjy4")
    held_requests[0].continue_()
    expect(desk.locator("#id_text")).to_have_value("水是浑的")
    expect(desk.locator("#id_where")).to_have_value(re.compile("^(tsjy4|.*4号楼)$"))
    expect(desk.locator("#id_where")).not_to_have_value(re.compile(HERE))


def test_input_is_not_moved_while_typing(desk: Page) -> None:
    """A key pressed while the input is removed from the page is lost."""
    desk.add_init_script(MOVED)
    desk.goto(DESK)
    expect(desk.locator("#id_where")).to_have_attribute("role", "combobox")
    assert not desk.evaluate("window.wasMoved")
