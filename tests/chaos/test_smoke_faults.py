"""Smoke test of repeated requests, network faults and full disks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config.local import paths

pytestmark = pytest.mark.slow


def test_nothing_is_filed_twice_or_lost_when_lines_and_disks_fail() -> None:
    """In a process of its own: the harness mounts, and reads settings that name its database."""
    command = [sys.executable, "-m", "tests.chaos", "smoke_faults", "--scale", "0.02"]
    done = subprocess.run(
        command, cwd=paths.ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((paths.ROOT / "var" / "chaos" / "smoke_faults.json").read_text())
    kept = {bar["what"]: bar["value"] for bar in found["bars"]}
    assert kept["cut: filed"] >= 20
    assert kept["twin: filed"] >= 6
    if "without full disks" in found["figures"]:
        print("Full disks were left out:", found["figures"]["without full disks"])
    else:
        assert kept["photos: refused, so the disk was full"] >= 3
