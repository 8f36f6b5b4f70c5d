"""The restore drill in short: the shared stack, backed up while reports come in, becomes another.

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

ELSEWHERE = "hygy3"  # a building that no story of the browser tests is about


@pytest.mark.slow
def test_a_backup_taken_under_load_restores(stack: Stack) -> None:
    top = paths.ROOT / "var" / "test" / f"restored-{os.getpid()}"
    source, target, kept = stack.at.var, top / "system", top / "backups"
    try:
        crowd = residents.prepared(stack, ELSEWHERE)
        crowd.urgency = "normal"
        with crowd.at_work(threads=1):
            while len(crowd.acked) < 3 and not crowd.refused:
                time.sleep(0.05)
            begun = time.time()
            done, said = drill.back_up(source, kept, None)
        assert done, said
        assert not crowd.refused
        folder = next(kept.glob("zhaozhibu-*"))
        assert drill.restored(source, target, folder)
        with system.running(target, WEB_WORKERS="1") as there:
            before = [one for one in crowd.acked if one.at < begun]
            proof = drill.ask(there, stack, folder, before)
        assert proof.is_right, f"\n{proof}"
    finally:
        subprocess.run(["rm", "-rf", top, paths.find(target).services], check=True)
