"""Journey: a sentence about danger brings the telephone numbers before anything else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver, page_checks
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

FIRE = "家里着火了"


def _check(page: Page, name: str) -> None:
    """The first number to call is on the page, large enough, and the page stays accessible."""
    call = page.locator(".emergency__first a[href='tel:119']").first
    expect(call).to_be_visible()
    box = call.bounding_box()
    assert box is not None
    assert box["height"] >= 60, name
    page_checks.check_open_page(page, "zh-hans")


def test_a_resident_who_types_of_fire(opened: Opener, stack: Stack) -> None:
    page = opened()
    browser_driver.begin_report(page, stack)
    page.locator("input[name=typed]").fill(FIRE)
    page.get_by_role("button", name="下一步", exact=True).click()
    _check(page, "category")
    page.get_by_role("button", name=re.compile("消防隐患")).click()
    _check(page, "tell")
    page.get_by_role("button", name="下一步", exact=True).last.click()
    _check(page, "reach")
    page.get_by_role("button", name=re.compile("不留联系方式")).click()
    _check(page, "check")
    page.get_by_role("button", name="提交").click()
    browser_driver.read_receipt(page)
    _check(page, "receipt")
    page.goto(f"/q/{browser_driver.qr_code(stack, browser_driver.BUILDING)}/")
    _check(page, "building")


def test_a_clerk_who_writes_a_call_about_fire_down(opened: Opener) -> None:
    page = opened()
    browser_driver.log_in(page, "staff")
    page.goto("/petitions/new/")
    browser_driver.type_report(page)
    expect(page.locator("#desk-known .facts dd").last).to_be_visible()
    expect(page.locator(".emergency")).to_have_count(0)
    page.locator("#id_text").fill(FIRE)
    page.locator("#id_text").blur()  # the preview is read again
    _check(page, "desk")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url("**/slip/")
    assert page.evaluate("[document.activeElement.className, scrollY]") == ["emergency", 0]
    _check(page, "slip")
    case = re.search(r"/petitions/(\d+)/", page.url)
    assert case
    page.goto(f"/petitions/{case[1]}/")
    _check(page, "case")
