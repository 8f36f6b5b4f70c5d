"""Smoke test of deadlines and reports under kills, on one stack."""

from __future__ import annotations

from tests.chaos import acknowledged_reports, checks, deadlines
from tests.chaos.cluster import Cluster
from tests.chaos.results import ChaosResult


def run(scale: float) -> ChaosResult:
    """Run both with a few kills of each process, and check the database."""
    result = ChaosResult("smoke_kills", scale)
    with Cluster("smoke_kills", webs=1, workers=2, beats=1) as cluster:
        deadlines.shorten_standards(cluster)
        deadlines.exercise(cluster, result, scale)
        acknowledged_reports.exercise(cluster, result, scale, shares=1)
        result.expect_zero(checks.all_checks(cluster))
    return result
