"""Fixtures of journeys: the running stack and browser contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from tests.support import browser_driver
from tests.support.stack import Stack

Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def stack(browser: Browser, stack: Stack) -> Stack:
    """The stack of this run; not started when there is no browser."""
    return stack


@pytest.fixture
def watch(stack: Stack) -> Iterator[browser_driver.Watch]:
    """Script errors and foreign requests of a test; must be empty at its end."""
    created = browser_driver.Watch(stack.address)
    yield created
    assert not created.errors
    assert not created.foreign_requests


@pytest.fixture
def opened(browser: Browser, stack: Stack, watch: browser_driver.Watch) -> Iterator[Opener]:
    """Return a function that opens a page in a new browser context; closed after the test."""
    with ExitStack() as contexts:

        def opener(**options: object) -> Page:
            created = browser_driver.context(browser, stack, **options)  # type: ignore[arg-type]
            contexts.callback(created.close)
            watch.attach(created)
            return created.new_page()

        yield opener
