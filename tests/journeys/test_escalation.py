"""Journey: a report that nobody accepts is escalated until the subdistrict answers."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Opener
from tests.support import browser_driver
from tests.support.browser_driver import snap
from tests.support.stack import SHORT_DEADLINE_PLACE, Stack

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.slow]

EXPLANATION = "供水公司今晚停水检修总管，明早八点前恢复清水，社区已备好桶装水。"
ESCALATION_TIMEOUT = 60.0  # seconds until the subdistrict is notified


def test_unaccepted_case_is_escalated_and_answered(
    opened: Opener, stack: Stack, watch: browser_driver.Watch
) -> None:
    resident, community, official = opened(), opened(), opened(screen=browser_driver.DESK_SCREEN)
    browser_driver.log_in(community, "community")
    browser_driver.log_in(official, "official")
    snap(official, "page-today")
    official.goto("/overview/")
    snap(official, "page-overview")
    receipt, began = _report(resident, stack), time.monotonic()
    handler = _handler(stack, receipt)
    _wait_for_level(stack, receipt, "community", began)
    _find_notification(community, receipt)
    snap(community, "escalation-1-community-notified")
    _wait_for_level(stack, receipt, "subdistrict", began)
    _find_notification(official, receipt)
    snap(official, "escalation-2-subdistrict-notified")
    _answer(official, receipt)
    browser_driver.follow(resident, receipt)
    expect(resident.locator("main")).to_contain_text(EXPLANATION)
    snap(resident, "escalation-5-resident-reads", whole=True)
    _check_history(stack, receipt, handler)
    assert not watch.errors
    assert not watch.foreign_requests


def _report(page: Page, stack: Stack) -> browser_driver.Receipt:
    """Report without a telephone number."""
    browser_driver.begin_report(page, stack, SHORT_DEADLINE_PLACE)
    browser_driver.finish_draft(page)
    page.get_by_role("button", name="提交").click()
    return browser_driver.read_receipt(page)


def _handler(stack: Stack, receipt: browser_driver.Receipt) -> tuple[object, ...]:
    return stack.rows(
        "SELECT organisation_id, group_id, status FROM petitions_petition WHERE id = %s",
        receipt.case,
    )[0]


def _wait_for_level(
    stack: Stack, receipt: browser_driver.Receipt, level: str, began: float
) -> None:
    query = "SELECT level FROM petitions_petition WHERE id = %s"
    while stack.value(query, receipt.case) != level:
        assert time.monotonic() - began < ESCALATION_TIMEOUT, (
            f"not escalated to the {level} within a minute"
        )
        time.sleep(0.5)


def _find_notification(page: Page, receipt: browser_driver.Receipt) -> None:
    """Wait for the notification in the inbox."""
    until = time.monotonic() + 10
    message = page.locator("main").get_by_role("link", name=re.compile(receipt.number))
    while True:
        page.goto("/inbox/")
        if message.count() or time.monotonic() > until:
            break
        time.sleep(0.5)
    expect(message.first).to_be_visible()


def _answer(page: Page, receipt: browser_driver.Receipt) -> None:
    page.locator("main").get_by_role("link", name=re.compile(receipt.number)).first.click()
    page.wait_for_url(re.compile(r"/petitions/\d+/"))
    page.locator(".casebar").get_by_text("答复升级", exact=True).click()
    form = page.locator("form[data-draft^=answer]")
    form.get_by_label("向居民说明情况").check()
    form.locator("textarea[name=text]").fill(EXPLANATION)
    snap(page, "escalation-3-answer")
    form.get_by_role("button", name="答复", exact=True).click()
    expect(form).to_have_count(0)
    snap(page, "escalation-4-answered")


def _check_history(
    stack: Stack, receipt: browser_driver.Receipt, handler: tuple[object, ...]
) -> None:
    assert _handler(stack, receipt) == handler
    query = "SELECT is_answer_owed FROM petitions_petition WHERE id = %s"
    assert not stack.value(query, receipt.case)
    events = stack.rows(
        "SELECT verb FROM petitions_event WHERE petition_id = %s ORDER BY version", receipt.case
    )
    verbs = [verb for (verb,) in events]
    assert [verb for verb in verbs if verb != "remind"] == [
        "file",
        "escalate",
        "escalate",
        "answer",
    ]
    escalations = stack.rows(
        "SELECT raised_by_id, deadline_id, answer_kind FROM petitions_escalation"
        " WHERE petition_id = %s ORDER BY id",
        receipt.case,
    )
    assert all(by is None and deadline for by, deadline, _kind in escalations)  # by the sweep
    assert [kind for _by, _deadline, kind in escalations] == ["", "explain"]
