"""Codes and hashes of an earlier release stay valid: residents hold the codes for years."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from petitions.rules import tracking_codes

CASE = uuid.UUID(int=46)


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.TRACKING_SECRET = "secret of this test"


def test_code_of_a_case() -> None:
    assert tracking_codes.code_for(CASE) == "NQZH6WGR0ZJD"


def test_hashes_by_which_cases_are_found() -> None:
    assert tracking_codes.code_hash("NQZH6WGR0ZJD").startswith("9987828248789efb")
    assert tracking_codes.last4_hash(CASE, "1234").startswith("e1411bd38fb08a03")
