"""Run a module with a wrong system clock: `skewed_clock SECONDS module word ...`.

The time that Python code reads is shifted; timers are not.
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
