"""Sweeps without pause until an instant, with no broker: `python -m tests.chaos.sweeping UNTIL`."""

from __future__ import annotations

import sys
import time

import django

django.setup()

from petitions import beat  # noqa: E402

if __name__ == "__main__":
    until = float(sys.argv[1])
    while time.time() < until:
        beat.sweep_deadlines()
