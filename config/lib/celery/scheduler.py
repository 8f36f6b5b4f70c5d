"""The clock that wakes the workers, by a time that nobody can set; only beat imports this."""

from __future__ import annotations

import time
from typing import Any

from celery.beat import Scheduler


class MonotonicScheduler(Scheduler):
    """Sends each wake-up when it starts, then once in so many seconds.

    The library notes the wall clock of the last turn, in a file: when that clock was set back by
    a day, nobody was woken for a day. A wake-up too many does no harm, so nothing is kept.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._next: dict[str, float] = {}
        super().__init__(*given, **named)

    def tick(self, *_given: Any, **_named: Any) -> float:
        """Send what is due; return the seconds until something is due again."""
        for name, entry in self.schedule.items():
            if self._next.get(name, 0.0) <= time.monotonic():
                turn: Any = entry.schedule
                self._next[name] = time.monotonic() + turn.run_every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._next.values()) - time.monotonic())
