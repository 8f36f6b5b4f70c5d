"""Runs the harnesses: `python -m tests.chaos [name ...] [--scale 1.0]`; all of them by default.

Each runs in a process of its own, with a stack of its own, and leaves `var/chaos/<name>.json`.
The exit status is 0 when every bar was kept.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import subprocess
import sys

from config.local import paths
from tests.chaos.results import Outcome

HARNESSES = (
    *("limits", "reports", "restarts"),
    *("repeats", "network", "fulldisk", "clocks", "brokerless"),
)
SHORT = ("smoke_b", "smoke_a")
RESULTS = paths.ROOT / "var" / "chaos"


def main(words: list[str]) -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(HARNESSES))
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full form")
    asked = parser.parse_args(words)
    names = asked.names or list(HARNESSES)
    unknown = set(names) - {*HARNESSES, *SHORT}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(HARNESSES)}")
    if len(names) == 1:
        return _one(names[0], asked.scale)
    return max(_apart(name, asked.scale) for name in names)


def _one(name: str, scale: float) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    found: Outcome = importlib.import_module(f"tests.chaos.{name}").run(scale)
    print(found.table(), flush=True)
    found.write(RESULTS)
    return 0 if found.is_kept else 1


def _apart(name: str, scale: float) -> int:
    """Run one harness in a process of its own: the settings are read once in a life."""
    command = [sys.executable, "-m", "tests.chaos", name, "--scale", str(scale)]
    child = subprocess.Popen(command, cwd=paths.ROOT)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
