"""The stage for tests of cases."""

import pytest

from tests.cast import Stage, build_cast, build_town


@pytest.fixture
def stage(db: None) -> Stage:
    """The town with its people, built anew and rolled back after the test."""
    town = build_town()
    return Stage(town, build_cast(town))
