"""Scheduled faults on a cluster, and the outages they cause."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.cluster import Cluster
from tests.chaos.process_table import accepts, children_of, is_running
from tests.chaos.server_processes import ServerProcess

ONGOING = float("inf")
Span = tuple[float, float]
Action = Callable[[], None]


@dataclass
class WebOutage:
    """The outage of a web server that was killed or stopped."""

    process: ServerProcess
    starts: int  # number of starts of the process when it is back
    since: float
    until: float = ONGOING

    def update(self) -> None:
        """Record when the web server accepts connections again."""
        now = time.time()
        if self.until == ONGOING and now > self.since + 0.2 and self.process.starts >= self.starts:
            self.until = now if accepts(self.process.port) else ONGOING

    def explains(self, port: int, start: float, end: float) -> bool:
        """Return whether the outage explains a broken connection."""
        return port == self.process.port and start <= self.until + 0.5 and end >= self.since


class FaultScript:
    """Scheduled faults; `run_due()` runs those that are due and supervises the cluster."""

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self.cluster = cluster
        self.rng = rng
        self.started_at = time.time()
        self.pending: list[tuple[float, str, Action]] = []
        self.counts: Counter[str] = Counter()
        self.outages: dict[str, list[Span]] = {"database": [], "broker": [], "every worker": []}
        self.web_outages: list[WebOutage] = []
        self.orphans = 0
        self._orphan_candidates: list[tuple[float, list[int]]] = []
        cluster.observer = self._observe

    def schedule(
        self, name: str, count: int, duration: float, action: Action, *, after: float = 0.0
    ) -> None:
        """Schedule `count` actions, each at a random time in its equal share of the duration."""
        share = (duration - after) / max(1, count)
        for number in range(count):
            at = time.time() + after + (number + self.rng.random()) * share
            self.pending.append((at, name, action))

    def schedule_broker_outages(self, name: str, duration: float, span: float) -> None:
        """Schedule broker outages: `span` seconds out of every two spans."""
        start = time.time() + span / 2
        for number in range(max(1, int(duration / (2 * span)))):
            at = start + number * 2 * span
            self.pending.append((at, name, self.stop_broker))
            self.pending.append((at + span, f"{name} back", self.start_broker))

    def run_due(self) -> None:
        """Run the due actions, then supervise the cluster."""
        self.pending.sort(key=lambda entry: entry[0])
        while self.pending and self.pending[0][0] <= time.time():
            _at, name, action = self.pending.pop(0)
            action()
            self.counts[name] += 1
        self.cluster.supervise()
        time.sleep(0.02)

    def finish(self) -> None:
        """Run the remaining actions, and wait until everything runs again."""
        while self.pending:
            _at, name, action = self.pending.pop(0)
            action()
            self.counts[name] += 1
            self.cluster.supervise()
        if not self.cluster.broker.should_run:
            self.start_broker()
        until = time.monotonic() + 20
        while self._is_recovering() and time.monotonic() < until:
            self.run_due()

    def kill_worker(self) -> None:
        """SIGKILL a worker: all its processes, only the parent, or only the child."""
        ready = [process for process in self.cluster.workers if process.is_ready()]
        process = self.rng.choice(ready or self.cluster.workers)
        way = self.rng.choice(("whole", "head", "child"))
        if way == "child" and process.kill_child():
            return
        children = children_of(process.pid) if process.is_alive() else []
        process.kill(whole=way == "whole")
        self._orphan_candidates.append((time.time() + 2.0, children))

    def kill_web(self) -> None:
        """SIGKILL a web server: all of it, or only the process that responses_by_key."""
        up = [
            process for process in self.cluster.webs if process.is_alive() and accepts(process.port)
        ]
        process = self.rng.choice(up or self.cluster.webs)
        down = WebOutage(process, process.starts, time.time())
        if not (self.rng.random() < 0.5 and process.kill_child()):
            down.starts += process.is_alive()
            process.kill()
        self.web_outages.append(down)

    def kill_database(self) -> None:
        """SIGKILL PostgreSQL and start it again at once."""
        self._out("database", self.cluster.database.kill, self.cluster.database.start)

    def kill_broker(self) -> None:
        """SIGKILL Valkey and start it again at once."""
        self._out("broker", self.cluster.broker.kill, self.cluster.broker.start)

    def stop_broker(self) -> None:
        """Stop Valkey until `start_broker`."""
        self.cluster.broker.stop()
        self.outages["broker"].append((time.time(), 0.0))

    def start_broker(self) -> None:
        """Start Valkey again."""
        self.cluster.broker.start()
        start, _end = self.outages["broker"].pop()
        self.outages["broker"].append((start, time.time()))

    def share(self, name: str) -> float:
        """Return the share of time in which a service was unavailable."""
        spans = self.outages[name]
        if not spans:
            return 0.0
        away = sum(end - start for start, end in spans)
        return round(away / (spans[-1][1] - self.started_at), 2)

    def lateness(self, due: float, done: float) -> float:
        """Return the seconds from the due time, or from the end of the last outage, to `done`."""
        ends = [end for spans in self.outages.values() for _start, end in spans if 0 < end <= done]
        return done - max([due, *ends])

    def _out(self, name: str, end: Action, begin: Action) -> None:
        start = time.time()
        end()
        begin()
        self.outages[name].append((start, time.time()))

    def _is_recovering(self) -> bool:
        return bool(self._orphan_candidates) or any(
            down.until == ONGOING for down in self.web_outages
        )

    def _observe(self) -> None:
        """Record the state of workers and web servers."""
        self._look_for_workers()
        self._count_orphans()
        for down in self.web_outages:
            down.update()

    def _look_for_workers(self) -> None:
        """Record the spans without any ready worker."""
        spans, is_away = self.outages["every worker"], bool(self.cluster.workers)
        is_away &= not any(process.is_ready() for process in self.cluster.workers)
        if is_away and (not spans or spans[-1][1]):
            spans.append((time.time(), 0.0))
        elif not is_away and spans and not spans[-1][1]:
            spans[-1] = (spans[-1][0], time.time())

    def _count_orphans(self) -> None:
        """Count child processes that outlive their killed parent."""
        for at, pids in [
            candidate for candidate in self._orphan_candidates if candidate[0] <= time.time()
        ]:
            self.orphans += sum(is_running(pid) for pid in pids)
            self._orphan_candidates.remove((at, pids))
