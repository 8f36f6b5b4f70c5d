"""Only a complete tracking code is looked for among the codes of joined reports."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from petitions.models import Petition
from petitions.rules import case_search
from tests.support.cast import Stage


@pytest.mark.parametrize(
    ("typed", "is_code"),
    [
        ("NQZH6WGR0ZJD", True),
        ("nqzh-6wgr-0zjd", True),
        ("1513", False),
        ("NQZH6WGR0ZJ", False),
        ("NQZH6WGR0ZJDD", False),
        ("阜兴花苑46号楼自来水发浑", False),
    ],
)
def test_query_of_joined_reports(stage: Stage, typed: str, is_code: bool) -> None:
    with CaptureQueriesContext(connection) as captured:
        list(case_search.matching(Petition.objects.all(), typed))
    is_asked = any("petitions_metoo" in row["sql"] for row in captured.captured_queries)
    assert is_asked is is_code
