"""Network faults: connections between processes are cut, slowed or half open.

Reports are filed meanwhile. Each must be answered within a bounded time, by a receipt or a correct
refusal; when the fault ends the system must continue by itself.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from tests.chaos import checks, fixtures
from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import (
    NO_RESPONSE,
    Browser,
    ClientPool,
    PartnerClient,
    RecordedResponse,
    Response,
)
from tests.chaos.results import ChaosResult, percentile

LONGEST = 45.0  # seconds until even a request caught in the middle is answered
RECOVERED = 25.0  # seconds until a report is filed again; one caught in the silence waits 20
SWEPT = 40.0  # seconds after the proxy is whole until a limit that is due has fired
SLOW = 0.1  # seconds each packet is held back


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """What happens to one proxy, for how long, and whether reports may be refused meanwhile."""

    proxy: str
    mode: str
    duration: float
    may_refuse: bool

    def __str__(self) -> str:
        return f"{self.proxy}-{self.mode}"


NETWORK_FAULTS = (
    NetworkFault("database", "cut", 10, may_refuse=True),
    NetworkFault("database", "slow", 10, may_refuse=False),
    NetworkFault("database", "mute", 30, may_refuse=True),
    NetworkFault("database", "lose", 10, may_refuse=True),
    NetworkFault("broker", "cut", 10, may_refuse=False),
    NetworkFault("broker", "slow", 10, may_refuse=False),
    NetworkFault("broker", "mute", 20, may_refuse=False),
    NetworkFault("broker", "lose", 10, may_refuse=False),
)
BRIEF = (NETWORK_FAULTS[7],)


def run(scale: float) -> ChaosResult:
    """NetworkFault each proxy in each way and judge."""
    result = ChaosResult("network_faults", scale)
    with Cluster("network_faults", webs=2, workers=2, beats=1, with_proxies=True) as cluster:
        cluster.start()
        exercise(
            result, cluster, NETWORK_FAULTS if scale >= 0.5 else BRIEF, min(1.0, max(0.3, scale))
        )
        cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 60)
        result.expect_zero(checks.all_checks(cluster))
    return result


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"


def exercise(
    result: ChaosResult,
    cluster: Cluster,
    faults: tuple[NetworkFault, ...],
    share: float,
) -> None:
    """NetworkFault the proxies of a running cluster, one after the other."""
    partner = fixtures.partner(cluster)
    for fault in faults:
        name = str(fault)
        with result.phase(name):
            _one(result, cluster, partner, fault, fault.duration * share)


def _one(
    result: ChaosResult,
    cluster: Cluster,
    partner: PartnerClient,
    fault: NetworkFault,
    duration: float,
) -> None:
    name = str(fault)
    acked: dict[str, int] = {}
    due = [f"due-{name}"]
    partner.submit_until_accepted(partner.report(due[0]), f"due-{name}-key", Counter())
    with ClientPool(_acts(cluster, partner, name, acked)) as crowd:
        cluster.run_for(1.0)
        began = time.time()
        proxy = cluster.proxies[fault.proxy]
        if fault.mode == "slow":
            proxy.slow(SLOW)
        else:
            getattr(proxy, fault.mode)()
        cluster.rows(fixtures.DUE, due)
        cluster.run_for(duration)
        healed = time.time()
        if fault.mode != "lose":
            proxy.heal()
        start = began if fault.mode == "lose" else healed
        cluster.wait_until(lambda: _filed_after(crowd, start) > 0, 45)
        fired = round(time.time() - healed + fixtures.seconds_until_expired(cluster, due, 45), 1)
        cluster.run_for(1.0)
    _judge(result, fault, [one for one in crowd.responses if one.at >= began - 1], healed)
    result.at_most(f"{name}: due limit fired after, s", fired, SWEPT)
    back = _filed_after(crowd, start) - start
    result.at_most(f"{name}: filed again after, s", round(back, 1) if back > 0 else 999, RECOVERED)
    rows = dict(
        cluster.rows("SELECT id, text FROM petitions_petition WHERE text LIKE %s", f"{name}%")
    )
    result.at_most(f"{name}: acked but missing", sum(one not in rows for one in acked.values()))


def _acts(
    cluster: Cluster, partner: PartnerClient, name: str, acked: dict[str, int]
) -> dict[str, Callable[[int], Response]]:
    """Return what the crowd does: two partners file, one with photos, two residents look."""
    numbers = itertools.count()
    ports = [web.port for web in cluster.webs]

    def file(photos: int) -> Response:
        text = f"{name}-{next(numbers)}"
        response = partner.submit(partner.report(text, photos), f"{text}-key")
        if response.status == HTTPStatus.CREATED:
            acked[text] = response.data["id"]
        return response

    def look(number: int) -> Response:
        return Browser(ports[number % len(ports)], "203.0.113.7").open("/report/")

    return {
        "file": lambda _n: file(0),
        "file too": lambda _n: file(0),
        "file with a photo": lambda _n: file(1),
        "look": look,
    }


def _filed_after(crowd: ClientPool, at: float) -> float:
    """Return when the first report begun after an instant was filed; 0 when none was."""
    done = [
        one.at + one.response.seconds
        for one in crowd.since(at)
        if one.response.status == HTTPStatus.CREATED
    ]
    return min(done, default=0.0)


def _judge(
    result: ChaosResult, fault: NetworkFault, responses: list[RecordedResponse], healed: float
) -> None:
    name = str(fault)
    refused = [
        one for one in responses if one.response.status not in {HTTPStatus.CREATED, HTTPStatus.OK}
    ]
    wrong = [one for one in refused if not one.response.is_honest_refusal]
    result.at_most(f"{name}: neither done nor honestly refused", len(wrong))
    if not fault.may_refuse:
        result.at_most(f"{name}: refused", len(refused))
    taken = [one.response.seconds for one in responses]
    result.at_most(f"{name}: longest response, s", round(max(taken), 1), LONGEST)
    result.figures[name] = {
        "asked": len(responses),
        "refused": len(refused),
        "p50, p95": [round(percentile(taken, at), 2) for at in (0.5, 0.95)],
        "odd": sorted({(one.what, one.response.status) for one in wrong}),
        "unanswered": sum(one.response.status == NO_RESPONSE for one in responses),
    }
