"""Short form of the restore drill, on the shared stack.

`make restore-drill` does the same with 100,000 cases and thousands of photos.
"""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from config.local import paths
from tests.drill import __main__ as drill
from tests.drill import residents, system
from tests.support.stack import Stack

BUILDING = "hygy3"  # a building that no browser test uses


@pytest.mark.slow
def test_a_backup_taken_under_load_restores(stack: Stack) -> None:
    top = paths.ROOT / "var" / "test" / f"restored-{os.getpid()}"
    source, target, backups = stack.at.var, top / "system", top / "backups"
    try:
        load = residents.with_token(stack, BUILDING)
        load.urgency = "normal"
        with load.running(threads=1):
            while len(load.acknowledged) < 3 and not load.refused:
                time.sleep(0.05)
            backup_start = time.time()
            is_done, output = drill.back_up(source, backups, None)
        assert is_done, output
        assert not load.refused
        folder = next(backups.glob("zhaozhibu-*"))
        assert drill.restored(source, target, folder)
        with system.running(target, WEB_WORKERS="1") as restored:
            before = [report for report in load.acknowledged if report.at < backup_start]
            verification = drill.verify(restored, stack, folder, before)
        assert verification.is_passed, f"\n{verification}"
    finally:
        subprocess.run(["rm", "-rf", top, paths.find(target).services], check=True)
