"""The short form of the harnesses: the same code, smaller numbers, one stack for both."""

from __future__ import annotations

from tests.chaos import checks, limits, reports
from tests.chaos.cluster import Rig
from tests.chaos.results import Outcome


def run(scale: float) -> Outcome:
    """Run limits and reports under a few kills of everything, and judge once."""
    out = Outcome("smoke_b", scale)
    with Rig("smoke_b", webs=1, workers=2, beats=1) as rig:
        limits.be_quick(rig)
        limits.play(rig, out, scale)
        reports.play(rig, out, scale, shares=1)
        out.verdict(checks.over_everything(rig))
    return out
