"""Celery beat scheduler on the monotonic clock, without a state file."""

from __future__ import annotations

import time
from typing import Any

from celery.beat import Scheduler


class MonotonicScheduler(Scheduler):
    """Sends each entry once at start, then at its interval.

    Celery's own scheduler stores the wall-clock time of the last run in a file: after the clock is
    set back by a day, it sends nothing for a day. Sending an entry too often does no harm, so no
    state is stored.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Send the due entries; return the seconds until the next one is due."""
        for name, entry in self.schedule.items():
            if self._next.get(name, 0.0) <= time.monotonic():
                schedule: Any = entry.schedule
                self._next[name] = time.monotonic() + schedule.run_every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._next.values()) - time.monotonic())
