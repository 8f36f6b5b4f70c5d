"""The admin: all rules of axe, no horizontal scrolling, no script error, no foreign request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser_driver, route_list
from tests.support.page_checks import LANGUAGES, check_open_page, check_page
from tests.support.route_list import Route
from tests.support.route_objects import PageFinder
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

ROUTES = [route for route in route_list.routes() if route.name.startswith("admin:")]
# Tables of other packages that no administrator may open, and parts that are no page.
CLOSED = ("admin:auth_", "admin:account_", "admin:mfa_", "admin:usersessions_")
PARTS = {"admin:login", "admin:autocomplete", "admin:jsi18n", "admin:view_on_site"}
PARTS |= {"admin:password_change", "admin:password_change_done"}  # lead to the page of the account
NOT_ADDABLE = {
    *("admin:knox_authtoken_add", "admin:members_delivery_add"),
    "admin:petitions_residentmessage_add",
}
DELETED = {
    f"admin:{table}_delete"
    for table in ("grids_calendarday", "grids_officehours", "knox_authtoken")
}
# A sent delivery of an inbox message of the sample; the worker does not touch it.
ADD_SENT_DELIVERY = """
    INSERT INTO members_delivery (key, user_id, channel, message_id, send_from, attempts, sent_at)
    SELECT key || ':email', user_id, 'email', id, show_from, 1, show_from
    FROM members_inboxmessage ORDER BY id LIMIT 1
    ON CONFLICT (key) DO NOTHING RETURNING id"""


def _is_page(route: Route) -> bool:
    if route.name.startswith(CLOSED) or route.name in PARTS | NOT_ADDABLE:
        return False
    return not route.name.endswith("_delete") or route.name in DELETED


@pytest.fixture(scope="module")
def finder(browser: Browser, stack: Stack) -> Iterator[PageFinder]:
    created = PageFinder(browser, stack, browser_driver.Watch(stack.address))
    stack.manage("issue_token", "partner")  # the sample has neither token nor delivery
    stack.rows(ADD_SENT_DELIVERY)
    yield created
    created.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "route", [route for route in ROUTES if _is_page(route)], ids=lambda route: route.name
)
def test_page(finder: PageFinder, route: Route, language: str) -> None:
    page = finder.find(route)
    assert page, f"{route.name} is no page to any administrator"
    check_page(finder, *page, language)


def test_excluded_routes_are_no_pages(finder: PageFinder) -> None:
    assert not [route for route in ROUTES if not _is_page(route) and finder.find(route)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_invalid_form_names_the_missing_fields(finder: PageFinder, language: str) -> None:
    """An empty form is shown again with an error at each field."""
    page = finder.page_of("sysadmin")
    browser_driver.speak(page, language)
    page.goto("/admin/branches/mobileactivityroom/add/")
    page.locator("#id_stops-0-services").fill("义诊")
    page.locator("input[name=_save]").click()
    expect(page.locator(".errornote")).to_be_visible()
    expect(page.locator("#stops-group .errorlist").first).to_be_visible()
    check_open_page(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_bulk_action_asks_for_confirmation(finder: PageFinder, language: str) -> None:
    page = finder.page_of("sysadmin")
    browser_driver.speak(page, language)
    page.goto("/admin/grids/calendarday/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.locator("button[name=index]").click()
    expect(page.locator("input[name=post]")).to_have_count(1)
    check_open_page(page, language)


def test_added_inline_row_has_named_fields(finder: PageFinder) -> None:
    page = finder.page_of("sysadmin")
    browser_driver.speak(page, "zh-hans")
    page.goto("/admin/branches/mobileactivityroom/add/")
    page.locator(".add-row a").click()
    expect(page.locator("#id_stops-1-services")).to_have_accessible_name("服务内容")
    check_open_page(page, "zh-hans")


def test_autocomplete_is_named_and_usable_by_keyboard(finder: PageFinder) -> None:
    page = finder.page_of("secadmin")
    browser_driver.speak(page, "zh-hans")
    page.goto("/admin/members/post/add/")
    box = page.get_by_role("combobox", name="任职人")
    box.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("secre")
    page.locator(".select2-results__option--highlighted").wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("#id_user")).not_to_have_value("")
    check_open_page(page, "zh-hans")
