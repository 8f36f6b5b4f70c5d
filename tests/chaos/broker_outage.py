"""The broker is stopped, then emptied repeatedly, with two or three processes of each kind.

Reports and pages must work without a broker; deadlines only expire later. Each deadline expires
once and each user gets one notification per event.
"""

from __future__ import annotations

import itertools
import socket
import time
from http import HTTPStatus

from tests.chaos import checks, fixtures
from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import Browser, ClientPool, PartnerClient, RecordedResponse, Response
from tests.chaos.results import ChaosResult, percentile

LATEST = 15.0  # seconds after the broker is back until every due limit has fired
LONGEST = 5.0  # seconds any response may take without a broker
TOLD_TWICE = """
    SELECT count(*) FROM (
        SELECT user_id, split_part(key, ':', 1), split_part(key, ':', 2), kind
        FROM members_inboxmessage GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) twice"""
ESCALATED = """
    SELECT count(*) FILTER (WHERE times <> 1) FROM (
        SELECT count(e.id) AS times FROM petitions_petition p
        LEFT JOIN petitions_escalation e ON e.petition_id = p.id
        WHERE p.text = ANY(%s) GROUP BY p.id) each_of_them"""
OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"


def run(scale: float) -> ChaosResult:
    """Take the broker away in each way and judge."""
    result = ChaosResult("broker_outage", scale)
    with Cluster("broker_outage", webs=2, workers=3, beats=2) as cluster:
        cluster.start()
        exercise(result, cluster, scale)
        result.at_most("people told twice of one event", cluster.scalar(TOLD_TWICE))
        result.expect_zero(checks.all_checks(cluster))
    return result


def exercise(result: ChaosResult, cluster: Cluster, scale: float) -> None:
    """Let limits fire with everything there, then without the broker, then with an empty one."""
    partner = fixtures.partner(cluster)
    count = max(5, round(40 * scale))
    with result.phase("two of everything"):
        _fire(result, cluster, _file(partner, "twos", count), "two of everything")
    with result.phase("broker gone"):
        _without(result, cluster, partner, count, max(4.0, 25 * scale))
    with result.phase("broker emptied"):
        _emptied(result, cluster, partner, count)


def _file(partner: PartnerClient, word: str, count: int) -> list[str]:
    """File some reports; return their words."""
    texts = [f"{word}-{number:04}" for number in range(count)]
    for text in texts:
        response = partner.submit(partner.report(text), f"{text}-key")
        assert response.status == HTTPStatus.CREATED, response.body
    return texts


def _fire(result: ChaosResult, cluster: Cluster, texts: list[str], when: str) -> None:
    cluster.rows(fixtures.DUE, texts)
    _fired(result, cluster, texts, when)


def _fired(result: ChaosResult, cluster: Cluster, texts: list[str], when: str) -> None:
    result.at_most(
        f"{when}: all have fired after, s",
        fixtures.seconds_until_expired(cluster, texts, 60),
        LATEST,
    )
    cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 40)
    result.at_most(f"{when}: still to be announced", cluster.scalar(OWED))
    cluster.run_for(3.0)  # a second expiry would happen now
    result.at_most(f"{when}: not escalated exactly once", cluster.scalar(ESCALATED, texts))


def _without(
    result: ChaosResult, cluster: Cluster, partner: PartnerClient, count: int, duration: float
) -> None:
    texts = _file(partner, "gone", count)
    numbers = itertools.count()
    ports = [web.port for web in cluster.webs]

    def file(_number: int) -> Response:
        text = f"meanwhile-{next(numbers)}"
        return partner.submit(partner.report(text), f"{text}-key")

    def look(number: int) -> Response:
        return Browser(ports[number % 2], "203.0.113.9").open("/report/")

    cluster.broker.stop()
    cluster.rows(fixtures.DUE, texts)
    with ClientPool({"file": file, "file too": file, "look": look}) as crowd:
        cluster.run_for(duration)
    early = cluster.scalar(fixtures.EXPIRED, texts)
    result.figures["fired without the broker, by a wake-up taken before"] = early
    cluster.broker.start()
    _judge(result, crowd.responses)
    _fired(result, cluster, texts, "broker back")


def _judge(result: ChaosResult, responses: list[RecordedResponse]) -> None:
    bad = [
        one for one in responses if one.response.status not in {HTTPStatus.CREATED, HTTPStatus.OK}
    ]
    result.at_most("without the broker: not done", len(bad))
    taken = [one.response.seconds for one in responses]
    result.at_most("without the broker: longest response, s", round(max(taken), 2), LONGEST)
    result.figures["without the broker"] = {
        "asked": len(responses),
        "p50, p95": [round(percentile(taken, at), 2) for at in (0.5, 0.95)],
    }


def _emptied(result: ChaosResult, cluster: Cluster, partner: PartnerClient, count: int) -> None:
    """Empty the broker again and again while limits end."""
    texts = _file(partner, "emptied", count)
    cluster.rows(fixtures.DUE, texts)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        _empty(cluster)
        cluster.run_for(0.2)
    _fired(result, cluster, texts, "broker emptied")


def _empty(cluster: Cluster) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(cluster.at.broker))
        line.sendall(b"FLUSHALL\r\n")
        assert line.recv(16).startswith(b"+OK")
