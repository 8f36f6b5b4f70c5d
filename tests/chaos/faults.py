"""What goes wrong and when: a script of faults over a rig, and the outages that came of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.cluster import Rig
from tests.chaos.processes import accepts, children_of, is_running
from tests.chaos.server_processes import Part

NOT_YET = float("inf")
Span = tuple[float, float]
Act = Callable[[], None]


@dataclass
class Down:
    """A web server that was killed or told to end: since when, and until when nobody answered."""

    part: Part
    starts: int  # of it when it is back
    since: float
    until: float = NOT_YET

    def look(self) -> None:
        """Note when it accepts connections again."""
        now = time.time()
        if self.until == NOT_YET and now > self.since + 0.2 and self.part.starts >= self.starts:
            self.until = now if accepts(self.part.port) else NOT_YET

    def explains(self, port: int, start: float, end: float) -> bool:
        """Tell whether a connection may have broken because of it."""
        return port == self.part.port and start <= self.until + 0.5 and end >= self.since


class Script:
    """Faults at their times; `step()` does what is due and lets the rig start again what died."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self.rig = rig
        self.chance = chance
        self.began = time.time()
        self.waiting: list[tuple[float, str, Act]] = []
        self.done: Counter[str] = Counter()
        self.outages: dict[str, list[Span]] = {"database": [], "broker": [], "every worker": []}
        self.web_down: list[Down] = []
        self.orphans = 0
        self._left: list[tuple[float, list[int]]] = []
        rig.watcher = self._look

    def spread(
        self, name: str, count: int, lasting: float, act: Act, *, after: float = 0.0
    ) -> None:
        """Do something so many times, at random moments, one in each equal share of the time."""
        share = (lasting - after) / max(1, count)
        for number in range(count):
            at = time.time() + after + (number + self.chance.random()) * share
            self.waiting.append((at, name, act))

    def halve(self, name: str, lasting: float, span: float) -> None:
        """Stop the broker for `span` seconds out of every two spans."""
        start = time.time() + span / 2
        for number in range(max(1, int(lasting / (2 * span)))):
            at = start + number * 2 * span
            self.waiting.append((at, name, self.stop_broker))
            self.waiting.append((at + span, f"{name} back", self.start_broker))

    def step(self) -> None:
        """Do what is due, then tend the rig for a moment."""
        self.waiting.sort(key=lambda one: one[0])
        while self.waiting and self.waiting[0][0] <= time.time():
            _at, name, act = self.waiting.pop(0)
            act()
            self.done[name] += 1
        self.rig.tend()
        time.sleep(0.02)

    def finish(self) -> None:
        """Do what was not yet done, and let everything be well again."""
        while self.waiting:
            _at, name, act = self.waiting.pop(0)
            act()
            self.done[name] += 1
            self.rig.tend()
        if not self.rig.broker.wanted:
            self.start_broker()
        until = time.monotonic() + 20
        while self._is_anyone_away() and time.monotonic() < until:
            self.step()

    def kill_worker(self) -> None:
        """SIGKILL a worker: all of it, or its head alone, or only the one that does the work."""
        ready = [part for part in self.rig.workers if part.is_ready()]
        part = self.chance.choice(ready or self.rig.workers)
        way = self.chance.choice(("whole", "head", "child"))
        if way == "child" and part.kill_child():
            return
        children = children_of(part.pid) if part.is_alive() else []
        part.kill(whole=way == "whole")
        self._left.append((time.time() + 2.0, children))

    def kill_web(self) -> None:
        """SIGKILL a web server: all of it, or only the process that answers."""
        up = [part for part in self.rig.webs if part.is_alive() and accepts(part.port)]
        part = self.chance.choice(up or self.rig.webs)
        down = Down(part, part.starts, time.time())
        if not (self.chance.random() < 0.5 and part.kill_child()):
            down.starts += part.is_alive()
            part.kill()
        self.web_down.append(down)

    def kill_database(self) -> None:
        """SIGKILL PostgreSQL and start it again at once, as a supervisor would."""
        self._out("database", self.rig.database.kill, self.rig.database.start)

    def kill_broker(self) -> None:
        """SIGKILL Valkey and start it again at once."""
        self._out("broker", self.rig.broker.kill, self.rig.broker.start)

    def stop_broker(self) -> None:
        """Stop Valkey; it stays away until `start_broker`."""
        self.rig.broker.stop()
        self.outages["broker"].append((time.time(), 0.0))

    def start_broker(self) -> None:
        """Start Valkey again."""
        self.rig.broker.start()
        start, _end = self.outages["broker"].pop()
        self.outages["broker"].append((start, time.time()))

    def share(self, name: str) -> float:
        """Return for which share of the time a service was away, from the script's beginning."""
        spans = self.outages[name]
        if not spans:
            return 0.0
        away = sum(end - start for start, end in spans)
        return round(away / (spans[-1][1] - self.began), 2)

    def lateness(self, due: float, done: float) -> float:
        """Return how late something was done, from when it was due or the last outage ended."""
        ends = [end for spans in self.outages.values() for _start, end in spans if 0 < end <= done]
        return done - max([due, *ends])

    def _out(self, name: str, end: Act, begin: Act) -> None:
        start = time.time()
        end()
        begin()
        self.outages[name].append((start, time.time()))

    def _is_anyone_away(self) -> bool:
        return bool(self._left) or any(down.until == NOT_YET for down in self.web_down)

    def _look(self) -> None:
        """See who is away, and who is back."""
        self._look_for_workers()
        self._count_orphans()
        for down in self.web_down:
            down.look()

    def _look_for_workers(self) -> None:
        """Note the spans in which there was no worker that takes messages."""
        spans, is_away = self.outages["every worker"], bool(self.rig.workers)
        is_away &= not any(part.is_ready() for part in self.rig.workers)
        if is_away and (not spans or spans[-1][1]):
            spans.append((time.time(), 0.0))
        elif not is_away and spans and not spans[-1][1]:
            spans[-1] = (spans[-1][0], time.time())

    def _count_orphans(self) -> None:
        """Count processes that outlive the one that led them."""
        for at, pids in [one for one in self._left if one[0] <= time.time()]:
            self.orphans += sum(is_running(pid) for pid in pids)
            self._left.remove((at, pids))
