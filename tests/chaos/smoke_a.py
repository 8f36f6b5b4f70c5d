"""The short form: one stack on which everything is sent twice, fills up and falls silent."""

from __future__ import annotations

from tests.chaos import checks, fulldisk, network, repeats
from tests.chaos.cluster import Rig
from tests.chaos.results import Outcome

LOST = (
    network.Trouble("database", "lose", 3, may_refuse=True),
    network.Trouble("broker", "lose", 3, may_refuse=False),
)
CUT_AFTER_MS = "2000"  # statements, so that a silent database is given up after seven seconds


def run(scale: float) -> Outcome:
    """Do a little of each and judge the whole."""
    out = Outcome("smoke_a", scale)
    why = fulldisk.is_possible()
    if not why:
        fulldisk.leave_common_mounts()
    kind = Rig if why else fulldisk.SmallRig
    how = {"wired": True, "STATEMENT_TIMEOUT_MS": CUT_AFTER_MS}
    with kind("smoke_a", webs=2, workers=1, beats=1, **how) as rig:
        rig.start()
        repeats.go(out, rig, scale)
        network.go(out, rig, LOST, 1.0)
        if isinstance(rig, fulldisk.SmallRig):
            fulldisk.photos_only(out, rig, 4.0)
        else:
            out.figures["without full disks"] = why
        rig.tend_until(lambda: rig.one(repeats.OWED) == 0, 40)
        out.verdict(checks.over_everything(rig))
    return out
