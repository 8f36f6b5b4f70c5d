"""Journey: murky water in building 46, from the QR code to the confirmed answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.browser_driver import snap
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

PHONE = "13900004604"  # nobody's
DOORS = {
    "没人应": ("1 单元 101", "1 单元 601"),
    "没问题": ("4 单元 301",),
    "要回电": ("2 单元 202",),
}
AFFECTED = ("2 单元 601", "2 单元 602", "3 单元 501", "3 单元 502")
CAUSE = "老旧铁管"
ANSWER = "46号楼二、三单元的立管是老旧铁管，已全部换成新管并冲洗，请放水两分钟后再用。"


def test_murky_water(
    opened: Opener, stack: Stack, watch: browser_driver.Watch, tmp_path: Path
) -> None:
    resident, secretary = opened(), opened()
    receipt = _report(resident, stack, tmp_path)
    _photo_has_no_metadata(stack, receipt)
    _accept(secretary, receipt)
    _visit_doors(secretary)
    _resolve(secretary)
    _confirm(resident, receipt)
    _closed_in_the_grid(stack, receipt)
    _nothing_leaked(stack, watch, receipt)
    assert not watch.errors
    assert not watch.foreign_requests


def _report(page: Page, stack: Stack, folder: Path) -> browser_driver.Receipt:
    page.goto(f"/q/{browser_driver.qr_code(stack, browser_driver.BUILDING)}/")
    expect(page.locator("h1")).to_have_text(browser_driver.BUILDING)
    snap(page, "murky-01-at-the-building")
    page.get_by_role("button", name="反映这里的一件事").click()
    snap(page, "murky-02-what")
    browser_driver.choose_murky_water(page)
    page.locator("textarea[name=text]").fill(browser_driver.MURKY)
    page.locator("input[name=since]").fill("昨天晚上")
    page.locator("input[name=photos]").set_input_files(browser_driver.photo_with_place(folder))
    snap(page, "murky-03-tell", whole=True)
    page.get_by_role("button", name="下一步", exact=True).last.click()
    page.locator("input[name=phone]").fill(PHONE)
    page.get_by_role("button", name="下一步", exact=True).click()
    page.wait_for_url("**/report/check/")
    expect(page.locator("main")).to_contain_text(browser_driver.MURKY)
    snap(page, "murky-04-check", whole=True)
    page.get_by_role("button", name="提交").click()
    receipt = browser_driver.read_receipt(page)
    snap(page, "murky-05-receipt", whole=True)
    return receipt


def _photo_has_no_metadata(stack: Stack, receipt: browser_driver.Receipt) -> None:
    names = stack.rows("SELECT name FROM petitions_photo WHERE petition_id = %s", receipt.case)
    assert len(names) == 1
    photos = [file.read_bytes() for file in (stack.at.var / "media").rglob(Path(names[0][0]).name)]
    assert photos
    assert not any(browser_driver.metadata(body) for body in photos)


def _accept(page: Page, receipt: browser_driver.Receipt) -> None:
    browser_driver.log_in(page, "secretary")
    expect(page.get_by_role("heading", name="今天")).to_be_visible()
    snap(page, "murky-06-today")
    page.get_by_role("link", name="待受理").first.click()
    page.locator("main a", has_text=receipt.number).or_(
        page.locator("main tr, main li").filter(has_text=receipt.number).locator("a")
    ).first.click()
    snap(page, "murky-07-case")
    page.locator(".casebar").get_by_role("button", name="受理", exact=True).click()
    expect(page.locator(".casehead")).to_contain_text("已受理")


def _visit_doors(page: Page) -> None:
    page.locator(".casebar").get_by_text("入户核实").click()
    page.wait_for_url("**/doors/**")
    for result, doors in {**DOORS, "有问题": AFFECTED}.items():
        page.locator(".palette").get_by_text(result).click()
        for door in doors:
            page.get_by_role("button", name=door).click()
            expect(page.get_by_role("button", name=f"{door} {result}")).to_be_visible()
    page.locator("textarea[name=remark]").fill("二、三单元高层水黄，总管正常。")
    snap(page, "murky-08-doors", whole=True)
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".toast, .messages, main").first).to_be_visible()
    page.locator(".casestrip a").first.click()
    expect(page.locator(".casehead")).to_contain_text("处置中")
    expect(page.get_by_text("入户 8 户")).to_be_attached()


def _resolve(page: Page) -> None:
    bar = page.locator(".casebar")
    if not bar.get_by_role("link", name="办结", exact=True).is_visible():
        bar.get_by_text("更多").click()
    bar.get_by_role("link", name="办结", exact=True).click()
    form = page.locator("form[data-draft^=resolve]")
    form.get_by_label("已解决", exact=True).check()
    form.locator("input[name=cause]").fill(CAUSE)
    form.locator("textarea[name=public_answer]").fill(ANSWER)
    form.get_by_role("button", name="预览").click()
    expect(page.locator(".preview")).to_contain_text(ANSWER)
    expect(page.locator(".preview")).to_contain_text(CAUSE)
    snap(page, "murky-09-preview")
    page.get_by_role("button", name="发送给居民").click()
    expect(page.locator(".casehead")).to_contain_text("待居民确认")


def _confirm(page: Page, receipt: browser_driver.Receipt) -> None:
    browser_driver.follow(page, receipt, PHONE[-4:])
    expect(page.locator(".answer")).to_contain_text(ANSWER)
    page.get_by_label("满意", exact=True).check(force=True)
    snap(page, "murky-10-answer", whole=True)
    page.get_by_role("button", name="解决了", exact=True).click()
    expect(page.locator("main")).to_contain_text("已结案")
    snap(page, "murky-11-closed")


def _closed_in_the_grid(stack: Stack, receipt: browser_driver.Receipt) -> None:
    query = """SELECT p.status, p.resolution_level, f.rating FROM petitions_petition p
        JOIN petitions_feedback f ON f.petition_id = p.id WHERE p.id = %s"""
    assert stack.rows(query, receipt.case) == [("closed", "grid", 4)]
    doors = "SELECT count(*) FROM petitions_doorvisit WHERE petition_id = %s"
    assert not stack.value(doors, receipt.case)
    check = stack.manage("check_integrity")
    assert check.returncode == 0, check.stdout + check.stderr


def _nothing_leaked(
    stack: Stack, watch: browser_driver.Watch, receipt: browser_driver.Receipt
) -> None:
    code = receipt.code.replace("-", "")
    assert not [url for url in watch.addresses if code in url.replace("-", "")]
    written = stack.logged()
    assert written
    for secret in (PHONE, PHONE[-8:], code, receipt.code, "老旧铁管", "打开水龙头"):
        assert secret not in written
