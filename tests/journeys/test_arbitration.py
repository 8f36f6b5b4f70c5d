"""Journey: a branch returns a case, the community decides who handles it, the resident reads it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.browser_driver import Receipt, snap
from tests.support.stack import Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

RETURNED = "这栋楼的水管归小区物业，不归我们支部。"
DECIDED = "公共立管由支部牵头，请支部继续办。"


def test_a_returned_case_is_decided_by_the_community(
    opened: Opener, stack: Stack, watch: browser_driver.Watch
) -> None:
    resident, secretary, community = opened(), opened(), opened()
    browser_driver.log_in(secretary, "secretary")
    browser_driver.log_in(community, "community")
    browser_driver.begin_report(resident, stack)
    browser_driver.finish_draft(resident)
    resident.get_by_role("button", name="提交").click()
    receipt = browser_driver.read_receipt(resident)
    _return(secretary, receipt)
    _reads(resident, receipt, re.compile("认为不归它办，.*社区.*前定下由谁办理"))
    query = "SELECT organisation_id FROM petitions_petition WHERE id = %s"
    _decide(community, receipt, stack.value(query, receipt.case))
    _is_final(secretary, receipt)
    _reads(resident, receipt, re.compile("支部.*前受理"))
    snap(resident, "return-5-resident-reads", whole=True)
    rows = stack.rows(
        "SELECT verb, actor FROM petitions_event WHERE petition_id = %s ORDER BY version",
        receipt.case,
    )
    assert [row for row in rows if row[0] != "remind"] == [
        ("file", "petitioner"),
        ("return", "handler"),
        ("reassign", "arbiter"),
    ]
    assert not watch.errors
    assert not watch.foreign_requests


def _return(page: Page, receipt: Receipt) -> None:
    browser_driver.open_verb(page, receipt, "退单")
    form = page.locator("form[data-draft^=return]")
    form.locator("textarea[name=reason]").fill(RETURNED)
    snap(page, "return-1-reason")
    form.get_by_role("button", name="退单", exact=True).click()
    expect(page.locator(".casehead")).to_contain_text("已退单")
    expect(page.locator("main")).to_contain_text(re.compile("社区.*前决定由谁办理"))
    snap(page, "return-2-returned")


def _decide(page: Page, receipt: Receipt, branch: int) -> None:
    page.goto("/home/")
    row = page.locator("main .duelist li").filter(has_text=receipt.number)
    expect(row.first).to_contain_text("等您决定由谁办")
    browser_driver.open_verb(page, receipt, "改派")
    form = page.locator("form[data-draft^=reassign]")
    form.locator("select[name=organisation]").select_option(str(branch))
    form.locator("textarea[name=reason]").fill(DECIDED)
    snap(page, "return-3-decision")
    form.get_by_role("button", name="改派", exact=True).click()
    expect(page.locator(".casehead")).to_contain_text("待受理")


def _is_final(page: Page, receipt: Receipt) -> None:
    """The branch has to accept the case; it cannot return it again."""
    bar = browser_driver.open_case(page, receipt)
    expect(bar.get_by_role("button", name="受理", exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text(DECIDED)
    expect(bar.get_by_role("link", name="退单", exact=True)).to_have_count(0)
    snap(page, "return-4-final")


def _reads(page: Page, receipt: Receipt, promise: re.Pattern[str]) -> None:
    browser_driver.follow(page, receipt)
    expect(page.locator("main")).to_contain_text(promise)
    for text in (RETURNED, DECIDED):
        expect(page.locator("main")).not_to_contain_text(text)
