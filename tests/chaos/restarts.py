"""Two of everything, services restarted, the broker emptied, parts frozen: nothing lost, once each.

Here nobody is killed who could not have been restarted on purpose: it is what an operator does on
a working day, and what two machines do to each other.
"""

from __future__ import annotations

import random
import socket
import time

from tests.chaos import checks, faults, limits, reports
from tests.chaos.clients import Ledger
from tests.chaos.cluster import Rig
from tests.chaos.results import Outcome
from tests.chaos.server_processes import Part

FROZEN = 4.0  # seconds; longer than a sweep, shorter than what the database allows a transaction


def run(scale: float) -> Outcome:
    """Restart, empty and freeze under load, and judge."""
    out = Outcome("restarts", scale)
    with Rig("restarts", webs=2, workers=2, beats=2) as rig:
        limits.be_quick(rig)
        with out.phase("starting"):
            cases = limits.file_cases(max(40, round(400 * scale)))
            rig.start()
            limits.await_workers(rig)
        with out.phase("under restarts"):
            lasting = max(15.0, 60 * min(1.0, scale))
            ledger, script = Ledger(), Operator(rig, random.Random(3))
            script.plan(lasting, scale)
            ground = limits.spread(rig, cases, 2.0, lasting * 0.8)
            reports.press(reports.Load(rig, ledger), script, round(200 * scale))
        with out.phase("settling"):
            limits.settle(rig, ground)
        rows = limits.judge_ends(out, "", rig, ground)
        out.at_least("limits", len(rows), len(cases))
        reports.judge(out, rig, ledger, [script])
        for name in ("database", "broker", "emptied", "frozen", "beat", "worker", "web"):
            out.at_least(f"times {name}", script.done[name], 1)
        out.verdict(checks.over_everything(rig))
        out.verdict(_once(rig))
    return out


class Operator(faults.Script):
    """One who restarts, empties and freezes."""

    def plan(self, lasting: float, scale: float) -> None:
        """Spread the acts over the time."""
        often, seldom = max(2, round(6 * scale)), max(1, round(3 * scale))
        self.spread("database", seldom, lasting, self.restart_database, after=3.0)
        self.spread("broker", seldom, lasting, self.restart_broker, after=1.0)
        self.spread("emptied", often, lasting, self.empty_broker)
        self.spread("frozen", seldom, lasting, self.freeze_worker)
        for kind in ("beat", "worker", "web"):
            self.spread(kind, seldom, lasting, lambda kind=kind: self.restart(kind))

    def restart_database(self) -> None:
        """Stop PostgreSQL in order, which breaks every connection, and start it again."""
        self._out("database", self.rig.database.stop, self.rig.database.start)

    def restart_broker(self) -> None:
        """Stop Valkey in order and start it again."""
        self._out("broker", self.rig.broker.stop, self.rig.broker.start)

    def empty_broker(self) -> None:
        """Forget everything that the broker holds: messages, and what is being worked on."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.rig.at.broker))
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(8).startswith(b"+OK")

    def freeze_worker(self) -> None:
        """Hold a worker in the middle of whatever it does; it goes on later."""
        part = self.chance.choice([part for part in self.rig.workers if part.is_alive()])
        part.freeze()
        self.waiting.append((time.time() + FROZEN, "thawed", lambda: self._thaw(part, part.pid)))

    def restart(self, kind: str) -> None:
        """Ask one part to end, as a new release does; it is started again when it has ended."""
        part = self.chance.choice(self.rig.kind(kind))
        if not part.is_alive():
            return
        if kind == "web":
            self.web_down.append(faults.Down(part, part.starts + 1, time.time()))
        assert part.running
        part.running.ask_to_stop()

    def _thaw(self, part: Part, pid: int) -> None:
        if part.is_alive() and part.pid == pid:
            part.thaw()


def _once(rig: Rig) -> dict[str, int]:
    """Ask what two of everything might have done twice."""
    return {
        "reminded_twice": rig.one(
            """SELECT count(*) FROM (
                SELECT count(*) AS told, (SELECT count(*) FROM petitions_deadline d
                    WHERE d.petition_id = e.petition_id AND d.reminded_at IS NOT NULL) AS owed
                FROM petitions_event e WHERE verb = 'remind' GROUP BY e.petition_id) each
            WHERE told > owed"""
        ),
    }
