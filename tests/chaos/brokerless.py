"""The broker is gone, then emptied, with two of everything running: P14, and nothing twice.

Reports and pages go on without a broker, limits only fire later. Workers and clocks come in twos
and threes, and still each limit fires once and each person is told once.
"""

from __future__ import annotations

import itertools
import socket
import time
from http import HTTPStatus

from tests.chaos import checks, fixtures
from tests.chaos.cluster import Rig
from tests.chaos.http_clients import Answer, Browser, Crowd, Heard, Partner
from tests.chaos.results import Outcome, percentile

LATEST = 15.0  # seconds after the broker is back until every due limit has fired
LONGEST = 5.0  # seconds any answer may take without a broker
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


def run(scale: float) -> Outcome:
    """Take the broker away in each way and judge."""
    out = Outcome("brokerless", scale)
    with Rig("brokerless", webs=2, workers=3, beats=2) as rig:
        rig.start()
        go(out, rig, scale)
        out.at_most("people told twice of one event", rig.one(TOLD_TWICE))
        out.verdict(checks.over_everything(rig))
    return out


def go(out: Outcome, rig: Rig, scale: float) -> None:
    """Let limits fire with everything there, then without the broker, then with an empty one."""
    partner = fixtures.partner(rig)
    count = max(5, round(40 * scale))
    with out.phase("two of everything"):
        _fire(out, rig, _file(partner, "twos", count), "two of everything")
    with out.phase("broker gone"):
        _without(out, rig, partner, count, max(4.0, 25 * scale))
    with out.phase("broker emptied"):
        _emptied(out, rig, partner, count)


def _file(partner: Partner, word: str, count: int) -> list[str]:
    """File some reports; return their words."""
    texts = [f"{word}-{number:04}" for number in range(count)]
    for text in texts:
        answer = partner.file(partner.report(text), f"{text}-key")
        assert answer.status == HTTPStatus.CREATED, answer.body
    return texts


def _fire(out: Outcome, rig: Rig, texts: list[str], when: str) -> None:
    rig.rows(fixtures.DUE, texts)
    _fired(out, rig, texts, when)


def _fired(out: Outcome, rig: Rig, texts: list[str], when: str) -> None:
    out.at_most(f"{when}: all have fired after, s", fixtures.awaits(rig, texts, 60), LATEST)
    rig.tend_until(lambda: rig.one(OWED) == 0, 40)
    out.at_most(f"{when}: still to be announced", rig.one(OWED))
    rig.tend_for(3.0)  # whoever would fire once more does it now
    out.at_most(f"{when}: not escalated exactly once", rig.one(ESCALATED, texts))


def _without(out: Outcome, rig: Rig, partner: Partner, count: int, lasting: float) -> None:
    texts = _file(partner, "gone", count)
    numbers = itertools.count()
    ports = [web.port for web in rig.webs]

    def file(_number: int) -> Answer:
        text = f"meanwhile-{next(numbers)}"
        return partner.file(partner.report(text), f"{text}-key")

    def look(number: int) -> Answer:
        return Browser(ports[number % 2], "203.0.113.9").open("/report/")

    rig.broker.stop()
    rig.rows(fixtures.DUE, texts)
    with Crowd({"file": file, "file too": file, "look": look}) as crowd:
        rig.tend_for(lasting)
    early = rig.one(fixtures.FIRED, texts)
    out.figures["fired without the broker, by a wake-up taken before"] = early
    rig.broker.start()
    _judge(out, crowd.heard)
    _fired(out, rig, texts, "broker back")


def _judge(out: Outcome, heard: list[Heard]) -> None:
    bad = [one for one in heard if one.answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}]
    out.at_most("without the broker: not done", len(bad))
    taken = [one.answer.seconds for one in heard]
    out.at_most("without the broker: longest answer, s", round(max(taken), 2), LONGEST)
    out.figures["without the broker"] = {
        "asked": len(heard),
        "p50, p95": [round(percentile(taken, at), 2) for at in (0.5, 0.95)],
    }


def _emptied(out: Outcome, rig: Rig, partner: Partner, count: int) -> None:
    """Empty the broker again and again while limits end."""
    texts = _file(partner, "emptied", count)
    rig.rows(fixtures.DUE, texts)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        _empty(rig)
        rig.tend_for(0.2)
    _fired(out, rig, texts, "broker emptied")


def _empty(rig: Rig) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(rig.at.broker))
        line.sendall(b"FLUSHALL\r\n")
        assert line.recv(16).startswith(b"+OK")
