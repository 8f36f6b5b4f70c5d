"""Clear the calendar cache around each test."""

from collections.abc import Iterator

import pytest

from config.lib import register_cache


@pytest.fixture(autouse=True)
def _calendars_forgotten() -> Iterator[None]:
    register_cache.forget_version()
    yield
    register_cache.forget_version()
