"""Results of a harness: figures with their bars, as a table and as JSON."""

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
    """A phase exceeded its time."""


@dataclass
class Bar:
    """A figure with its upper or lower bound."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether the figure is within its bound."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "ok    " if self.is_passed else "FAILED"
        return f"{mark} {self.what}: {self.value:g} ({sign} {self.limit:g})"


@dataclass
class ChaosResult:
    """The bars, figures and phase durations of one harness."""

    name: str
    scale: float
    bars: list[Bar] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def is_passed(self) -> bool:
        """Whether every bar holds; False without any bar."""
        return bool(self.bars) and all(bar.is_passed for bar in self.bars)

    def at_most(self, what: str, value: float, limit: float = 0) -> None:
        """Add a figure with an upper bound."""
        self.bars.append(Bar(what, value, limit))

    def at_least(self, what: str, value: float, limit: float) -> None:
        """Add a figure with a lower bound, which proves that faults and load were real."""
        self.bars.append(Bar(what, value, limit, at_least=True))

    def expect_zero(self, found: dict[str, int], when: str = "") -> None:
        """Add every count of a check with the upper bound 0."""
        for name, count in found.items():
            self.at_most(f"{when}{name.replace('_', ' ')}", count)

    @contextmanager
    def phase(self, name: str, longest: float = LONGEST) -> Iterator[None]:
        """Time a phase; raise Overtime after `longest` seconds."""
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, longest)
        start = time.monotonic()
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.phases[name] = round(time.monotonic() - start, 1)

    def table(self) -> str:
        """Return the results as text."""
        lines = [
            f"== {self.name} (scale {self.scale:g}): {'passed' if self.is_passed else 'FAILED'}"
        ]
        lines += [f"   {bar}" for bar in self.bars]
        lines += [f"   · {name}: {value}" for name, value in self.figures.items()]
        lines += [f"   · phase {name}: {seconds} s" for name, seconds in self.phases.items()]
        return "\n".join(lines)

    def write(self, folder: Path) -> Path:
        """Write the results as JSON; return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.json"
        kept = asdict(self) | {"is_passed": self.is_passed}
        file.write_text(json.dumps(kept, indent=1, ensure_ascii=False, default=str) + "\n")
        return file


def _too_long(_signum: int, _frame: FrameType | None) -> None:
    raise Overtime("a phase exceeded its time")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
