"""Nothing a test writes into the calendar is remembered by the next one."""

from collections.abc import Iterator

import pytest

from grids.calendar import calendars


@pytest.fixture(autouse=True)
def _calendars_forgotten() -> Iterator[None]:
    calendars.clear_cache()
    yield
    calendars.clear_cache()
