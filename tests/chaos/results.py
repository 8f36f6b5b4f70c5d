"""What a harness found: figures, each held against its bar; printed as a table, kept as JSON."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

LONGEST = 120.0  # seconds a phase may take


class Overtime(Exception):
    """A phase did not end by itself."""


@dataclass
class Bar:
    """One figure and what it may be at most, or must be at least."""

    what: str
    found: float
    limit: float
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Tell whether the figure is good enough."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "ok    " if self.is_kept else "BROKEN"
        return f"{mark} {self.what}: {self.found:g} ({sign} {self.limit:g})"


@dataclass
class Outcome:
    """Everything one harness found."""

    name: str
    scale: float
    bars: list[Bar] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        """Tell whether every bar is kept; without any nothing is proved."""
        return bool(self.bars) and all(bar.is_kept for bar in self.bars)

    def at_most(self, what: str, found: float, limit: float = 0) -> None:
        """Hold a figure against what it may be at most."""
        self.bars.append(Bar(what, found, limit))

    def at_least(self, what: str, found: float, limit: float) -> None:
        """Hold a figure against what it must be at least: faults and load must have been real."""
        self.bars.append(Bar(what, found, limit, at_least=True))

    def verdict(self, found: dict[str, int], when: str = "") -> None:
        """Hold every question of a verdict against 0."""
        for name, count in found.items():
            self.at_most(f"{when}{name.replace('_', ' ')}", count)

    @contextmanager
    def phase(self, name: str, longest: float = LONGEST) -> Iterator[None]:
        """Time a phase, and end it by Overtime when it does not end by itself."""
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, longest)
        start = time.monotonic()
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.phases[name] = round(time.monotonic() - start, 1)

    def table(self) -> str:
        """Return the outcome for a person."""
        lines = [f"== {self.name} (scale {self.scale:g}): {'kept' if self.is_kept else 'BROKEN'}"]
        lines += [f"   {bar}" for bar in self.bars]
        lines += [f"   · {name}: {value}" for name, value in self.figures.items()]
        lines += [f"   · phase {name}: {seconds} s" for name, seconds in self.phases.items()]
        return "\n".join(lines)

    def write(self, folder: Path) -> Path:
        """Keep the outcome as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.json"
        kept = asdict(self) | {"is_kept": self.is_kept}
        file.write_text(json.dumps(kept, indent=1, ensure_ascii=False, default=str) + "\n")
        return file


def _too_long(_signum: int, _frame: FrameType | None) -> None:
    raise Overtime("a phase did not end by itself")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
