"""The network between the parts is cut, slowed, half open: P14.

Reports go on being sent meanwhile. Each is answered within a bounded time, with a receipt or with
an honest refusal; when the wire is whole again everything goes on by itself.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from http import HTTPStatus

from tests.chaos import checks, fixtures, http_clients
from tests.chaos.cluster import Rig
from tests.chaos.http_clients import UNANSWERED, Answer, Browser, Crowd, Heard, Partner
from tests.chaos.results import Outcome, percentile

LONGEST = 45.0  # seconds until even a request caught in the middle is answered
RECOVERED = 25.0  # seconds until a report is filed again; one caught in the silence waits 20
SWEPT = 40.0  # seconds after the wire is whole until a limit that is due has fired
SLOW = 0.1  # seconds each packet is held back


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to one wire, for how long, and whether reports may be refused meanwhile."""

    wire: str
    mood: str
    lasting: float
    may_refuse: bool

    def __str__(self) -> str:
        return f"{self.wire}-{self.mood}"


TROUBLES = (
    Trouble("database", "cut", 10, may_refuse=True),
    Trouble("database", "slow", 10, may_refuse=False),
    Trouble("database", "mute", 30, may_refuse=True),
    Trouble("database", "lose", 10, may_refuse=True),
    Trouble("broker", "cut", 10, may_refuse=False),
    Trouble("broker", "slow", 10, may_refuse=False),
    Trouble("broker", "mute", 20, may_refuse=False),
    Trouble("broker", "lose", 10, may_refuse=False),
)
BRIEF = (TROUBLES[7],)


def run(scale: float) -> Outcome:
    """Trouble each wire in each way and judge."""
    out = Outcome("network", scale)
    with Rig("network", webs=2, workers=2, beats=1, wired=True) as rig:
        rig.start()
        go(out, rig, TROUBLES if scale >= 0.5 else BRIEF, min(1.0, max(0.3, scale)))
        rig.tend_until(lambda: rig.one(OWED) == 0, 60)
        out.verdict(checks.over_everything(rig))
    return out


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"


def go(out: Outcome, rig: Rig, troubles: tuple[Trouble, ...], share: float) -> None:
    """Trouble the wires of a running rig, one after the other."""
    partner = fixtures.partner(rig)
    for trouble in troubles:
        name = str(trouble)
        with out.phase(name):
            _one(out, rig, partner, trouble, trouble.lasting * share)


def _one(out: Outcome, rig: Rig, partner: Partner, trouble: Trouble, lasting: float) -> None:
    name = str(trouble)
    acked: dict[str, int] = {}
    due = [f"due-{name}"]
    partner.file_until(partner.report(due[0]), f"due-{name}-key", http_clients.Counter())
    with Crowd(_acts(rig, partner, name, acked)) as crowd:
        rig.tend_for(1.0)
        began = time.time()
        wire = rig.wires[trouble.wire]
        if trouble.mood == "slow":
            wire.slow(SLOW)
        else:
            getattr(wire, trouble.mood)()
        rig.rows(fixtures.DUE, due)
        rig.tend_for(lasting)
        healed = time.time()
        if trouble.mood != "lose":
            wire.heal()
        start = began if trouble.mood == "lose" else healed
        rig.tend_until(lambda: _filed_after(crowd, start) > 0, 45)
        fired = round(time.time() - healed + fixtures.awaits(rig, due, 45), 1)
        rig.tend_for(1.0)
    _judge(out, trouble, [one for one in crowd.heard if one.at >= began - 1], healed)
    out.at_most(f"{name}: due limit fired after, s", fired, SWEPT)
    back = _filed_after(crowd, start) - start
    out.at_most(f"{name}: filed again after, s", round(back, 1) if back > 0 else 999, RECOVERED)
    rows = dict(rig.rows("SELECT id, text FROM petitions_petition WHERE text LIKE %s", f"{name}%"))
    out.at_most(f"{name}: acked but missing", sum(one not in rows for one in acked.values()))


def _acts(rig: Rig, partner: Partner, name: str, acked: dict[str, int]) -> dict[str, object]:
    """Return what the crowd does: two partners file, one with photos, two residents look."""
    numbers = itertools.count()
    ports = [web.port for web in rig.webs]

    def file(photos: int) -> Answer:
        text = f"{name}-{next(numbers)}"
        answer = partner.file(partner.report(text, photos), f"{text}-key")
        if answer.status == HTTPStatus.CREATED:
            acked[text] = answer.said["id"]
        return answer

    def look(number: int) -> Answer:
        return Browser(ports[number % len(ports)], "203.0.113.7").open("/report/")

    return {
        "file": lambda _n: file(0),
        "file too": lambda _n: file(0),
        "file with a photo": lambda _n: file(1),
        "look": look,
    }


def _filed_after(crowd: Crowd, at: float) -> float:
    """Return when the first report begun after an instant was filed; 0 when none was."""
    done = [
        one.at + one.answer.seconds
        for one in crowd.since(at)
        if one.answer.status == HTTPStatus.CREATED
    ]
    return min(done, default=0.0)


def _judge(out: Outcome, trouble: Trouble, heard: list[Heard], healed: float) -> None:
    name = str(trouble)
    refused = [one for one in heard if one.answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}]
    wrong = [one for one in refused if not one.answer.is_honest]
    out.at_most(f"{name}: neither done nor honestly refused", len(wrong))
    if not trouble.may_refuse:
        out.at_most(f"{name}: refused", len(refused))
    taken = [one.answer.seconds for one in heard]
    out.at_most(f"{name}: longest answer, s", round(max(taken), 1), LONGEST)
    out.figures[name] = {
        "asked": len(heard),
        "refused": len(refused),
        "p50, p95": [round(percentile(taken, at), 2) for at in (0.5, 0.95)],
        "odd": sorted({(one.what, one.answer.status) for one in wrong}),
        "unanswered": sum(one.answer.status == UNANSWERED for one in heard),
    }
