"""Journey: the subdistrict orders a department, whose task is late, done, and read by all."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.browser_driver import snap
from tests.support.stack import SHORT_TASK_PLACE, Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

DEPARTMENT = "市供水公司"
ORDER = "48号楼立管漏水，请今天到场更换。"
REPLY = "立管已更换，水压正常。"
ANSWER = "48号楼的立管已由供水公司更换，水已变清。"
OVERDUE_TIMEOUT = 150.0  # seconds until whoever ordered is notified


def test_an_order_is_acknowledged_late_done_and_answered(
    opened: Opener, stack: Stack, watch: browser_driver.Watch, tmp_path: Path
) -> None:
    resident, secretary, community = opened(), opened(), opened()
    official, department = opened(screen=browser_driver.DESK_SCREEN), opened()
    for page, name in (
        (secretary, "secretary"),
        (community, "community"),
        (official, "official"),
        (department, "department"),
    ):
        browser_driver.log_in(page, name)
    receipt = _report(resident, stack)
    _ask_the_subdistrict(secretary, community, receipt)
    _order(official, receipt)
    _acknowledge(department, receipt)
    _expect_lines(resident, receipt, f"已请{DEPARTMENT}去办，最晚", f"{DEPARTMENT}已接手办理")
    _climbs(official, stack, receipt)
    _conclude(department, receipt, tmp_path)
    _resolve(secretary, receipt)
    _expect_lines(resident, receipt, f"{DEPARTMENT}没有按时答复", f"{DEPARTMENT}已办好", ANSWER)
    snap(resident, "task-7-resident-reads", whole=True)
    _check_history(stack, receipt)
    assert not watch.errors
    assert not watch.foreign_requests


def _report(page: Page, stack: Stack) -> browser_driver.Receipt:
    browser_driver.begin_report(page, stack, SHORT_TASK_PLACE)
    browser_driver.finish_draft(page)
    page.get_by_role("button", name="提交").click()
    return browser_driver.read_receipt(page)


def _ask_the_subdistrict(secretary: Page, community: Page, receipt: browser_driver.Receipt) -> None:
    bar = browser_driver.open_case(secretary, receipt)
    bar.get_by_role("button", name="受理", exact=True).click()
    expect(secretary.locator(".casehead")).to_contain_text("已受理")
    for page in (secretary, community):
        browser_driver.open_verb(page, receipt, "升级")
        form = page.locator("form[data-draft^=escalate]")
        form.locator("textarea[name=reason]").fill("要请供水公司换立管。")
        form.get_by_role("button", name="升级", exact=True).click()
        expect(form).to_have_count(0)


def _order(page: Page, receipt: browser_driver.Receipt) -> None:
    browser_driver.open_verb(page, receipt, "答复升级")
    form = page.locator("form[data-draft^=answer]")
    form.get_by_label("责成部门办理").check()
    form.locator("select[name=department]").select_option(label=f"阜康{DEPARTMENT}")
    form.locator("textarea[name=text]").fill(ORDER)
    snap(page, "task-1-order")
    form.get_by_role("button", name="答复", exact=True).click()
    expect(form).to_have_count(0)
    expect(page.get_by_role("heading", name="交给部门的任务")).to_be_visible()


def _row(page: Page, receipt: browser_driver.Receipt) -> Locator:
    return page.locator("main .duelist li").filter(has_text=receipt.number)


def _acknowledge(page: Page, receipt: browser_driver.Receipt) -> None:
    page.goto("/home/")
    row = _row(page, receipt)
    expect(row).to_contain_text(ORDER)
    snap(page, "task-2-department-home")
    row.get_by_role("button", name=re.compile("签收")).click()
    page.wait_for_url(f"**/petitions/{receipt.case}/**")
    expect(page.locator("main")).to_contain_text("办理中")
    snap(page, "task-3-acknowledged")


def _climbs(page: Page, stack: Stack, receipt: browser_driver.Receipt) -> None:
    """Wait until the task is overdue: an inbox message and a row on the home page."""
    until = time.monotonic() + OVERDUE_TIMEOUT
    query = "SELECT count(*) FROM petitions_event WHERE petition_id = %s AND verb = 'overdue'"
    while not stack.value(query, receipt.case):
        assert time.monotonic() < until, "the task did not become overdue"
        time.sleep(0.5)
    message = page.locator("main").get_by_role(
        "link", name=re.compile(f"任务超期.*{receipt.number}")
    )
    while not message.count() and time.monotonic() < until:
        page.goto("/inbox/")
        time.sleep(0.5)
    expect(message.first).to_be_visible()
    page.goto("/home/")
    expect(_row(page, receipt).first).to_contain_text(DEPARTMENT)
    snap(page, "task-4-overdue")


def _conclude(page: Page, receipt: browser_driver.Receipt, folder: Path) -> None:
    browser_driver.open_verb(page, receipt, "回复结果")
    form = page.locator("form[data-draft^=conclude]")
    form.get_by_label("已办好").check()
    form.locator("textarea[name=text]").fill(REPLY)
    form.locator("input[name=photos]").set_input_files(browser_driver.photo_with_place(folder))
    snap(page, "task-5-done")
    form.get_by_role("button", name="回复", exact=True).click()
    expect(form).to_have_count(0)
    expect(page.locator("main")).to_contain_text(REPLY)


def _resolve(page: Page, receipt: browser_driver.Receipt) -> None:
    browser_driver.open_case(page, receipt)
    expect(page.locator("main")).to_contain_text(REPLY)
    snap(page, "task-6-branch-reads")
    browser_driver.open_verb(page, receipt, "办结")
    form = page.locator("form[data-draft^=resolve]")
    form.get_by_label("已解决", exact=True).check()
    form.locator("input[name=cause]").fill("老旧铁管")
    form.locator("textarea[name=public_answer]").fill(ANSWER)
    form.get_by_role("button", name="预览").click()
    page.get_by_role("button", name="发送给居民").click()
    expect(page.locator(".casehead")).to_contain_text("待居民确认")


def _expect_lines(page: Page, receipt: browser_driver.Receipt, *lines: str) -> None:
    browser_driver.follow(page, receipt)
    for line in lines:
        expect(page.locator("main")).to_contain_text(line)
    expect(page.locator("main")).not_to_contain_text(ORDER)
    expect(page.locator("main")).not_to_contain_text(REPLY)


def _check_history(stack: Stack, receipt: browser_driver.Receipt) -> None:
    events = stack.rows(
        "SELECT verb FROM petitions_event WHERE petition_id = %s ORDER BY version", receipt.case
    )
    assert [verb for (verb,) in events if verb != "remind"] == [
        *("file", "accept", "escalate", "escalate", "answer"),
        *("ack", "overdue", "conclude", "resolve"),
    ]
    row = stack.rows(
        "SELECT t.state, t.version, count(p.id) FROM petitions_casetask t"
        " LEFT JOIN petitions_photo p ON p.petition_id = t.petition_id"
        " WHERE t.petition_id = %s GROUP BY t.id",
        receipt.case,
    )
    assert row == [("done", 3, 1)]
    assert not stack.rows(
        "SELECT 1 FROM petitions_deadline WHERE petition_id = %s AND task_id IS NOT NULL"
        " AND settled_at IS NULL",
        receipt.case,
    )
    check = stack.manage("check_integrity")
    assert check.returncode == 0, check.stdout + check.stderr
