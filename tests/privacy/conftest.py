"""Fixtures: the stage in this process, and a token for the running stack."""

from __future__ import annotations

import pytest

from tests.support.stack import Stack


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    """An API token of the running stack."""
    result = stack.manage("issue_token", "partner")
    assert result.returncode == 0, result.stderr
    return result.stdout.split()[-1]
