"""Clocks go wrong: that of the application by a day each way, that of the database and back.

The database's clock decides: no limit begins, fires or ends by the application's. When the
database's own clock jumps forward and back, nothing fires twice.
"""

from __future__ import annotations

import time
from http import HTTPStatus

from tests.chaos import checks, fixtures
from tests.chaos.cluster import Rig
from tests.chaos.http_clients import Browser, Partner, call
from tests.chaos.results import Outcome

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
        RETURNING d.petition_id, d.due_at
    )
    UPDATE petitions_petition p SET due_at = m.due_at, soon_at = m.due_at
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


def run(scale: float) -> Outcome:
    """Move every clock and judge."""
    out = Outcome("clocks", scale)
    with SkewedRig("clocks", webs=2, workers=2, beats=1) as rig:
        rig.rows(MOVABLE)
        rig.start()
        for days in (1, -1) if scale >= 0.5 else (1,):
            with out.phase(f"application {days:+} day"):
                rig.move(days * DAY)
                _application(out, rig, f"app{days:+}")
        rig.move(0)
        with out.phase("database forth and back"):
            _database(out, rig, max(4, round(20 * scale)))
        rig.tend_until(lambda: rig.one(OWED) == 0, 40)
        found = checks.over_everything(rig)
        del found["committed_before_due"]  # by the clock that was not moved
        out.verdict(found)
    return out


class SkewedRig(Rig):
    """A stack of two machines: the clock of the one that holds the first of each kind is moved."""

    def move(self, seconds: int) -> None:
        """Start the parts of the first machine again, with their clock ahead by so much."""
        for part in self.parts:
            if part.name.endswith("-0"):
                part.kill()
                if part.command[0] == "tests.chaos.skewed":
                    part.command = part.command[2:]
                part.command = ["tests.chaos.skewed", str(seconds), *part.command]
                part.start()
        self.await_web()


def _application(out: Outcome, rig: SkewedRig, word: str) -> None:
    """File, look and let limits fire while one of two machines is a day off."""
    partner = fixtures.partner(rig)
    texts = [f"{word}-{number}" for number in range(8)]
    filed = 0
    for number, text in enumerate(texts):
        partner.ports = [rig.webs[number % 2].port]
        filed += partner.file(partner.report(text), f"{text}-key").status == HTTPStatus.CREATED
    out.at_least(f"{word}: filed on both machines", filed, len(texts))
    offs = rig.rows(BEGUN, texts)
    out.at_most(f"{word}: limits begin off by, s", max(float(off[0]) for off in offs), NEAR)
    out.at_most(f"{word}: cases dated off by, s", max(float(off[1]) for off in offs), NEAR)
    rig.rows(SOON, 6, 6, texts)
    rig.tend_for(4.0)
    out.at_most(f"{word}: fired early", rig.one(fixtures.FIRED, texts))
    rig.tend_for(2.0)
    out.at_most(f"{word}: fired late by, s", fixtures.awaits(rig, texts, 60), LATEST)
    out.at_most(f"{word}: not fired exactly once", rig.one(TWICE, texts))
    _tokens(out, rig, partner, word)
    _sessions(out, rig, word)


def _tokens(out: Outcome, rig: SkewedRig, partner: Partner, word: str) -> None:
    """A token lasts as long as it was given for, on both machines."""
    headers = {"Authorization": f"Bearer {partner.token}"}
    ends = []
    for expiry in ("1 hour", "-1 hour"):
        rig.rows(
            "UPDATE knox_authtoken SET expiry = now() + %s::interval WHERE token_key = %s",
            expiry,
            partner.token[:15],
        )
        ends += [call(web.port, "GET", FIRST, headers).status for web in rig.webs]
    out.figures[f"{word}: token still valid, then over"] = ends
    out.at_most(
        f"{word}: tokens judged by another clock",
        sum(one != wanted for one, wanted in zip(ends, (200, 200, 401, 401), strict=True)),
    )


def _sessions(out: Outcome, rig: SkewedRig, word: str) -> None:
    """Whoever logs in on one machine is logged in on the other."""
    seen = []
    for first, second in ((0, 1), (1, 0)):
        browser = Browser(rig.webs[first].port, f"203.0.113.{20 + first}")
        browser.open("/account/login/")
        browser.open("/account/login/", {"login": "staff", "password": "Demo-2026-grid"})
        seen.append(browser.open("/petitions/").status)
        browser.port = rig.webs[second].port
        seen.append(browser.open("/petitions/").status)
    out.figures[f"{word}: pages after log-in"] = seen
    out.at_most(f"{word}: logged out by another clock", sum(one != 200 for one in seen))


def _database(out: Outcome, rig: SkewedRig, count: int) -> None:
    """Let the database's clock jump forth, back, and forth again."""
    partner = fixtures.partner(rig)
    texts = [f"jump-{number:04}" for number in range(count)]
    for text in texts:
        partner.file(partner.report(text), f"{text}-key")
    rig.rows(SOON, JUMP // 2, JUMP // 2, texts)
    rig.tend_for(4.0)
    out.at_most("database: fired before the jump", rig.one(fixtures.FIRED, texts))
    for turn, seconds in enumerate((JUMP, 0, JUMP, 0)):
        rig.rows("UPDATE movable.ahead SET seconds = %s", seconds)
        if not turn:
            out.at_most(
                "database: fired after the jump, s", fixtures.awaits(rig, texts, 60), LATEST
            )
        rig.tend_for(5.0)
        late = f"late-{turn}"
        answer = partner.file(partner.report(late), f"{late}-key")
        out.at_least(f"database: files after jump {turn}", answer.status, HTTPStatus.CREATED)
    out.at_most("database: not fired exactly once", rig.one(TWICE, texts))
    started = time.monotonic()
    rig.tend_until(lambda: rig.one(OWED) == 0, 40)
    out.figures["announced after the jumps within, s"] = round(time.monotonic() - started, 1)
