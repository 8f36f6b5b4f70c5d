"""Starts a part of the application whose own clock is wrong: `skewed SECONDS module word ...`.

What the application and its libraries read of the machine's clock is moved; timers are not.
"""

from __future__ import annotations

import runpy
import sys

import time_machine


def main(seconds: str, module: str, *words: str) -> None:
    """Move the clock, then run the module as `python -m` would."""
    import datetime as dt

    there = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=float(seconds))
    time_machine.travel(there, tick=True).start()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
