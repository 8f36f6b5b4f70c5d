"""Journey without JavaScript: report from the QR code, track, confirm."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

PHONE = "13900004605"  # nobody's
OTHER_PLACE = "阜兴花苑45号楼"


@pytest.fixture
def plain(opened: Opener) -> Page:
    return opened(script=False)


def test_report_follow_and_confirm(
    plain: Page, opened: Opener, stack: Stack, tmp_path: Path
) -> None:
    receipt = _report(plain, stack, tmp_path)
    browser_driver.follow(plain, receipt, PHONE[-4:])
    expect(plain.locator("main")).to_contain_text("已收到")
    _resolve(opened(script=False, screen=browser_driver.DESK_SCREEN), receipt)
    browser_driver.follow(plain, receipt, PHONE[-4:])
    plain.get_by_label("满意", exact=True).check(force=True)
    plain.get_by_role("button", name="解决了", exact=True).click()
    expect(plain.locator("main")).to_contain_text("已结案")
    solved = "SELECT solved, rating FROM petitions_feedback WHERE petition_id = %s"
    assert stack.rows(solved, receipt.case) == [("yes", 4)]


def _report(page: Page, stack: Stack, folder: Path) -> browser_driver.Receipt:
    browser_driver.begin_report(page, stack, OTHER_PLACE)
    browser_driver.choose_murky_water(page)
    page.locator("textarea[name=text]").fill(browser_driver.MURKY)
    page.locator("input[name=photos]").set_input_files(browser_driver.photo_with_place(folder))
    page.get_by_role("button", name="先把照片传上来").click()
    expect(page.locator("ul.photos img")).to_have_count(1)
    expect(page.locator("textarea[name=text]")).to_have_value(browser_driver.MURKY)
    page.locator("form[data-draft=report] button.btn--primary").click()
    page.locator("input[name=phone]").fill(PHONE)
    page.get_by_role("button", name="下一步", exact=True).click()
    page.get_by_role("button", name="提交").click()
    return browser_driver.read_receipt(page)


def _resolve(page: Page, receipt: browser_driver.Receipt) -> None:
    """Resolve the case on the secretary's pages, also without JavaScript."""
    browser_driver.log_in(page, "secretary")
    page.goto(f"/petitions/{receipt.case}/")
    page.locator(".casebar").get_by_role("button", name="受理", exact=True).click()
    page.goto(f"/petitions/{receipt.case}/doors/")
    page.get_by_label("1 单元 101").select_option("affected")
    page.get_by_role("button", name="保存").click()
    page.goto(f"/petitions/{receipt.case}/resolve/")
    page.get_by_label("已解决", exact=True).check(force=True)
    page.locator("input[name=cause]").fill("老旧铁管")
    page.locator("textarea[name=public_answer]").fill("立管已换新，请放水两分钟后再用。")
    page.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="发送给居民").click()
    expect(page.locator(".casehead")).to_contain_text("待居民确认")


def test_place_is_chosen_level_by_level(plain: Page) -> None:
    """Without QR code and typing: choose from the subdistrict down to the building."""
    plain.goto("/report/")
    for name in ("阜新街道", "迎宾路社区", "阜兴花苑", "1号楼"):
        plain.locator(".options .pick").get_by_text(name, exact=True).first.click()
    plain.wait_for_url("**/report/what/")
    expect(plain.locator("main")).to_contain_text("阜兴花苑1号楼")
