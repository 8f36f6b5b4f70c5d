"""The fixture `stage` of tests in all folders; `tests/conftest.py` imports it."""

import copy

import pytest
from django.db.models import Model

from tests.support.cast import Stage, build_cast, build_town, rebuild, rows

_built: list[tuple[Stage, list[tuple[type[Model], list[Model]]]]] = []


@pytest.fixture
def stage(db: None) -> Stage:
    """The town with its people, rolled back after the test; built by the workflow only once."""
    if not _built:
        town = build_town()
        made = Stage(town, build_cast(town))
        _built.append((copy.deepcopy(made), rows()))
        return made
    made, saved = _built[0]
    rebuild(copy.deepcopy(saved))
    return copy.deepcopy(made)
