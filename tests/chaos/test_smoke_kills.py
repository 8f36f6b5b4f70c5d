"""Smoke test of `make chaos`: every kind of process is killed once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config.local import paths

pytestmark = pytest.mark.slow


def test_everything_is_killed_once_and_nothing_is_lost() -> None:
    """In a process of its own: the harness reads settings that name its own database."""
    command = [sys.executable, "-m", "tests.chaos", "smoke_kills", "--scale", "0.02"]
    done = subprocess.run(
        command, cwd=paths.ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((paths.ROOT / "var" / "chaos" / "smoke_kills.json").read_text())
    kept = {bar["what"]: bar["value"] for bar in found["bars"]}
    assert kept["web kills"] >= 1
    assert kept["worker kills"] >= 1
    assert kept["database kills"] >= 1
