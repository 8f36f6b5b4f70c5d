"""Smoke test of repeated requests, network faults and full disks on one stack."""

from __future__ import annotations

from tests.chaos import checks, full_disk, network_faults, repeated_requests
from tests.chaos.cluster import Cluster
from tests.chaos.results import ChaosResult

LOST = (
    network_faults.NetworkFault("database", "lose", 3, may_refuse=True),
    network_faults.NetworkFault("broker", "lose", 3, may_refuse=False),
)
CUT_AFTER_MS = "2000"  # statement timeout; the read timeout is 5 s longer


def run(scale: float) -> ChaosResult:
    """Run a short form of each and check the database."""
    result = ChaosResult("smoke_faults", scale)
    why = full_disk.is_possible()
    if not why:
        full_disk.leave_common_mounts()
    kind = Cluster if why else full_disk.SmallDiskCluster
    with kind(
        "smoke_faults", webs=2, with_proxies=True, STATEMENT_TIMEOUT_MS=CUT_AFTER_MS
    ) as cluster:
        cluster.start()
        repeated_requests.exercise(result, cluster, scale)
        network_faults.exercise(result, cluster, LOST, 1.0)
        if isinstance(cluster, full_disk.SmallDiskCluster):
            full_disk.photos_only(result, cluster, 4.0)
        else:
            result.figures["without full disks"] = why
        cluster.wait_until(lambda: cluster.scalar(repeated_requests.OWED) == 0, 40)
        result.expect_zero(checks.all_checks(cluster))
    return result
