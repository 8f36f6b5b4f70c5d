"""The short form of the harnesses: the same code, smaller numbers, one stack for both."""

from __future__ import annotations

from tests.chaos import limits, reports, verdict
from tests.chaos.outcome import Outcome
from tests.chaos.rig import Rig


def run(scale: float) -> Outcome:
    """Run limits and reports under a few kills of everything, and judge once."""
    out = Outcome("short", scale)
    with Rig("short", webs=1, workers=2, beats=1) as rig:
        limits.be_quick(rig)
        limits.play(rig, out, scale)
        reports.play(rig, out, scale, shares=1)
        out.verdict(verdict.over_everything(rig))
    return out
