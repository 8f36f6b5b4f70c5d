"""The short form: one stack on which everything is sent twice, fills up and falls silent."""

from __future__ import annotations

from tests.chaos import fulldisk, network, repeats, verdict
from tests.chaos.outcome import Outcome
from tests.chaos.rig import Rig

MUTE = network.Trouble("database", "mute", 5, may_refuse=True)
LOST = network.Trouble("broker", "lose", 5, may_refuse=False)


def run(scale: float) -> Outcome:
    """Do a little of each and judge the whole."""
    out = Outcome("brief", scale)
    why = fulldisk.is_possible()
    if not why:
        fulldisk.leave_common_mounts()
    kind = Rig if why else fulldisk.SmallRig
    with kind("brief", webs=2, workers=1, beats=1, wired=True) as rig:
        rig.start()
        repeats.go(out, rig, scale)
        network.go(out, rig, (MUTE, LOST), 1.0)
        if isinstance(rig, fulldisk.SmallRig):
            fulldisk.photos_only(out, rig, 4.0)
        else:
            out.figures["without full disks"] = why
        rig.tend_until(lambda: rig.one(repeats.OWED) == 0, 40)
        out.verdict(verdict.over_everything(rig))
    return out
