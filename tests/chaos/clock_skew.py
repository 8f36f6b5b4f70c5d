"""Clocks are wrong: that of one application host by a day, then that of the database.

The database's clock decides when a deadline starts, expires and ends. When the database's own clock
jumps forward and back, no deadline expires twice.
"""

from __future__ import annotations

import time
from http import HTTPStatus

from tests.chaos import checks, fixtures
from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import Browser, PartnerClient, request
from tests.chaos.results import ChaosResult

DAY = 86_400
JUMP = 1200  # seconds the database's clock jumps
LATEST = 15.0  # seconds until a due limit has fired
FIRST = "/api/v1/petitions/?limit=1"
NEAR = 5.0  # seconds between two instants that are meant to be the same
OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
BEGUN = """
    SELECT abs(extract(epoch FROM d.started_at - pg_xact_commit_timestamp(p.xmin))),
        abs(extract(epoch FROM p.created_at - pg_xact_commit_timestamp(p.xmin)))
    FROM petitions_deadline d JOIN petitions_petition p ON p.id = d.petition_id
    WHERE p.text = ANY(%s)"""
SOON = """
    WITH moved AS (
        UPDATE petitions_deadline d SET due_at = clock_timestamp() + interval '%s seconds',
            remind_at = clock_timestamp() + interval '%s seconds'
        FROM petitions_petition p WHERE p.id = d.petition_id AND d.kind = 'contact'
            AND d.state = 'open' AND p.text = ANY(%s)
        RETURNING d.petition_id, d.due_at, d.remind_at
    )
    UPDATE petitions_petition p SET due_at = m.due_at, soon_at = m.remind_at
    FROM moved m WHERE m.petition_id = p.id"""
# In front of the database's own clock stands one that can be moved; only the application sees it.
MOVABLE = """
    CREATE SCHEMA movable;
    GRANT USAGE ON SCHEMA movable TO zhaozhibu;
    CREATE TABLE movable.ahead AS SELECT 0 AS seconds;
    GRANT SELECT ON movable.ahead TO zhaozhibu;
    CREATE FUNCTION movable.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + seconds * interval ''1 second'' FROM movable.ahead';
    ALTER ROLE zhaozhibu SET search_path = movable, public, pg_catalog"""
TWICE = """
    SELECT count(*) FROM (
        SELECT count(e.id) AS times FROM petitions_petition p
        LEFT JOIN petitions_escalation e ON e.petition_id = p.id AND e.deadline_id IN (
            SELECT id FROM petitions_deadline WHERE kind = 'contact')
        WHERE p.text = ANY(%s) GROUP BY p.id) each_of_them WHERE times <> 1"""


def run(scale: float) -> ChaosResult:
    """Move every clock and judge."""
    result = ChaosResult("clock_skew", scale)
    with SkewedCluster("clock_skew", webs=2, workers=2, beats=1) as cluster:
        cluster.rows(MOVABLE)
        cluster.start()
        for days in (1, -1) if scale >= 0.5 else (1,):
            with result.phase(f"application {days:+} day"):
                cluster.move(days * DAY)
                _application(result, cluster, f"app{days:+}")
        cluster.move(0)
        with result.phase("database forth and back"):
            _database(result, cluster, max(4, round(20 * scale)))
        cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 40)
        found = checks.all_checks(cluster)
        del found["committed_before_due"]  # by the clock that was not moved
        result.expect_zero(found)
    return result


class SkewedCluster(Cluster):
    """A stack of two machines: the clock of the one that holds the first of each kind is moved."""

    def move(self, seconds: int) -> None:
        """Start the processes of the first machine again, with their clock ahead by so much."""
        for process in self.processes:
            if process.name.endswith("-0"):
                process.kill()
                if process.command[0] == "tests.chaos.skewed_clock":
                    process.command = process.command[2:]
                process.command = ["tests.chaos.skewed_clock", str(seconds), *process.command]
                process.start()
        self.wait_for_web()


def _application(result: ChaosResult, cluster: SkewedCluster, word: str) -> None:
    """File, look and let limits fire while one of two machines is a day off."""
    partner = fixtures.partner(cluster)
    texts = [f"{word}-{number}" for number in range(8)]
    filed = 0
    for number, text in enumerate(texts):
        partner.ports = [cluster.webs[number % 2].port]
        filed += partner.submit(partner.report(text), f"{text}-key").status == HTTPStatus.CREATED
    result.at_least(f"{word}: filed on both machines", filed, len(texts))
    offs = cluster.rows(BEGUN, texts)
    result.at_most(f"{word}: limits begin off by, s", max(float(off[0]) for off in offs), NEAR)
    result.at_most(f"{word}: cases dated off by, s", max(float(off[1]) for off in offs), NEAR)
    cluster.rows(SOON, 6, 6, texts)
    cluster.run_for(4.0)
    result.at_most(f"{word}: fired early", cluster.scalar(fixtures.EXPIRED, texts))
    cluster.run_for(2.0)
    result.at_most(
        f"{word}: fired late by, s", fixtures.seconds_until_expired(cluster, texts, 60), LATEST
    )
    result.at_most(f"{word}: not fired exactly once", cluster.scalar(TWICE, texts))
    _tokens(result, cluster, partner, word)
    _sessions(result, cluster, word)


def _tokens(result: ChaosResult, cluster: SkewedCluster, partner: PartnerClient, word: str) -> None:
    """A token lasts as long as it was given for, on both machines."""
    headers = {"Authorization": f"Bearer {partner.token}"}
    ends = []
    for expiry in ("1 hour", "-1 hour"):
        cluster.rows(
            "UPDATE knox_authtoken SET expiry = now() + %s::interval WHERE token_key = %s",
            expiry,
            partner.token[:15],
        )
        ends += [request(web.port, "GET", FIRST, headers).status for web in cluster.webs]
    result.figures[f"{word}: token still valid, then over"] = ends
    result.at_most(
        f"{word}: tokens judged by another clock",
        sum(one != should_run for one, should_run in zip(ends, (200, 200, 401, 401), strict=True)),
    )


def _sessions(result: ChaosResult, cluster: SkewedCluster, word: str) -> None:
    """Whoever logs in on one machine is logged in on the other."""
    seen = []
    for first, second in ((0, 1), (1, 0)):
        browser = Browser(cluster.webs[first].port, f"203.0.113.{20 + first}")
        browser.open("/account/login/")
        browser.open("/account/login/", {"login": "staff", "password": "Demo-2026-grid"})
        seen.append(browser.open("/petitions/").status)
        browser.port = cluster.webs[second].port
        seen.append(browser.open("/petitions/").status)
    result.figures[f"{word}: pages after log-in"] = seen
    result.at_most(f"{word}: logged out by another clock", sum(one != 200 for one in seen))


def _database(result: ChaosResult, cluster: SkewedCluster, count: int) -> None:
    """Let the database's clock jump forth, back, and forth again."""
    partner = fixtures.partner(cluster)
    texts = [f"jump-{number:04}" for number in range(count)]
    for text in texts:
        partner.submit(partner.report(text), f"{text}-key")
    cluster.rows(SOON, JUMP // 2, JUMP // 2, texts)
    cluster.run_for(4.0)
    result.at_most("database: fired before the jump", cluster.scalar(fixtures.EXPIRED, texts))
    for turn, seconds in enumerate((JUMP, 0, JUMP, 0)):
        cluster.rows("UPDATE movable.ahead SET seconds = %s", seconds)
        if not turn:
            result.at_most(
                "database: fired after the jump, s",
                fixtures.seconds_until_expired(cluster, texts, 60),
                LATEST,
            )
        cluster.run_for(5.0)
        late = f"late-{turn}"
        response = partner.submit(partner.report(late), f"{late}-key")
        result.at_least(f"database: files after jump {turn}", response.status, HTTPStatus.CREATED)
    result.at_most("database: not fired exactly once", cluster.scalar(TWICE, texts))
    started = time.monotonic()
    cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 40)
    result.figures["announced after the jumps within, s"] = round(time.monotonic() - started, 1)
