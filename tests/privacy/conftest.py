"""What the harnesses lean on: the stage in this process, and the running stack."""

from __future__ import annotations

import pytest

from tests.petitions.conftest import stage as stage  # noqa: PLC0414 - a fixture is used by its name
from tests.support.stack import Stack


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    """The token of a program of the running stack."""
    made = stack.manage("issue_token", "partner")
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]
