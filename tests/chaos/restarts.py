"""Planned restarts, an emptied broker and suspended workers, with two processes of each kind.

These are the operations of an administrator, not crashes. Nothing may be lost or done twice.
"""

from __future__ import annotations

import random
import socket
import time

from tests.chaos import acknowledged_reports, checks, deadlines, faults
from tests.chaos.cluster import Cluster
from tests.chaos.report_clients import ReportLog
from tests.chaos.results import ChaosResult
from tests.chaos.server_processes import ServerProcess

FROZEN = 4.0  # seconds; longer than a sweep, shorter than what the database allows a transaction


def run(scale: float) -> ChaosResult:
    """Restart, empty and suspend under load, and judge."""
    result = ChaosResult("restarts", scale)
    with Cluster("restarts", webs=2, workers=2, beats=2) as cluster:
        deadlines.shorten_standards(cluster)
        with result.phase("starting"):
            cases = deadlines.submit_cases(max(40, round(400 * scale)))
            cluster.start()
            deadlines.wait_for_workers(cluster)
        with result.phase("under restarts"):
            duration = max(15.0, 60 * min(1.0, scale))
            report_log, script = ReportLog(), Operator(cluster, random.Random(3))
            script.plan(duration, scale)
            deadline_set = deadlines.spread_deadlines(cluster, cases, 2.0, duration * 0.8)
            acknowledged_reports.run_load(
                acknowledged_reports.Load(cluster, report_log), script, round(200 * scale)
            )
        with result.phase("settling"):
            deadlines.settle(cluster, deadline_set)
        rows = deadlines.judge_outcomes(result, "", cluster, deadline_set)
        result.at_least("deadlines", len(rows), len(cases))
        acknowledged_reports.judge(result, cluster, report_log, [script])
        for name in ("database", "broker", "emptied", "frozen", "beat", "worker", "web"):
            result.at_least(f"times {name}", script.counts[name], 1)
        result.expect_zero(checks.all_checks(cluster))
        result.expect_zero(_once(cluster))
    return result


class Operator(faults.FaultScript):
    """One who restarts, empties and freezes."""

    def plan(self, duration: float, scale: float) -> None:
        """Spread the acts over the time."""
        often, seldom = max(2, round(6 * scale)), max(1, round(3 * scale))
        self.schedule("database", seldom, duration, self.restart_database, after=3.0)
        self.schedule("broker", seldom, duration, self.restart_broker, after=1.0)
        self.schedule("emptied", often, duration, self.empty_broker)
        self.schedule("frozen", seldom, duration, self.freeze_worker)
        for kind in ("beat", "worker", "web"):
            self.schedule(kind, seldom, duration, lambda kind=kind: self.restart(kind))

    def restart_database(self) -> None:
        """Stop PostgreSQL in order, which disconnects every connection, and start it again."""
        self._out("database", self.cluster.database.stop, self.cluster.database.start)

    def restart_broker(self) -> None:
        """Stop Valkey in order and start it again."""
        self._out("broker", self.cluster.broker.stop, self.cluster.broker.start)

    def empty_broker(self) -> None:
        """Forget everything that the broker holds: messages, and what is being worked on."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.cluster.at.broker))
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(8).startswith(b"+OK")

    def freeze_worker(self) -> None:
        """Hold a worker in the middle of whatever it does; it goes on later."""
        process = self.rng.choice(
            [process for process in self.cluster.workers if process.is_alive()]
        )
        process.suspend()
        self.pending.append(
            (time.time() + FROZEN, "thawed", lambda: self._resume(process, process.pid))
        )

    def restart(self, kind: str) -> None:
        """Ask one process to end, as a new release does; it is started again when it has ended."""
        process = self.rng.choice(self.cluster.kind(kind))
        if not process.is_alive():
            return
        if kind == "web":
            self.web_outages.append(faults.WebOutage(process, process.starts + 1, time.time()))
        assert process.server
        process.server.request_stop()

    def _resume(self, process: ServerProcess, pid: int) -> None:
        if process.is_alive() and process.pid == pid:
            process.resume()


def _once(cluster: Cluster) -> dict[str, int]:
    """Count what two processes of a kind might have done twice."""
    return {
        "reminded_twice": cluster.scalar(
            """SELECT count(*) FROM (
                SELECT count(*) AS told, (SELECT count(*) FROM petitions_deadline d
                    WHERE d.petition_id = e.petition_id AND d.reminded_at IS NOT NULL) AS owed
                FROM petitions_event e WHERE verb = 'remind' GROUP BY e.petition_id) each
            WHERE told > owed"""
        ),
    }
