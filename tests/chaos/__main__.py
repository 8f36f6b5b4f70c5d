"""Run the harnesses: `python -m tests.chaos [name ...] [--scale 1.0]`; all of them by default.

Each runs in its own process with its own stack, and writes `var/chaos/<name>.json`. The exit status
is 0 when every bar holds.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import subprocess
import sys

from config.local import paths
from tests.chaos.results import ChaosResult

HARNESSES = (
    *("deadlines", "acknowledged_reports", "restarts"),
    *("repeated_requests", "network_faults", "full_disk", "clock_skew", "broker_outage"),
)
SMOKE_TESTS = ("smoke_kills", "smoke_faults")
RESULTS = paths.ROOT / "var" / "chaos"


def main(words: list[str]) -> int:
    """Run the named harnesses."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(HARNESSES))
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full form")
    arguments = parser.parse_args(words)
    names = arguments.names or list(HARNESSES)
    unknown = set(names) - {*HARNESSES, *SMOKE_TESTS}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(HARNESSES)}")
    if len(names) == 1:
        return _run_here(names[0], arguments.scale)
    return max(_run_in_process(name, arguments.scale) for name in names)


def _run_here(name: str, scale: float) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` blocks run
    result: ChaosResult = importlib.import_module(f"tests.chaos.{name}").run(scale)
    print(result.table(), flush=True)
    result.write(RESULTS)
    return 0 if result.is_passed else 1


def _run_in_process(name: str, scale: float) -> int:
    """Run one harness in its own process, because settings are read once per process."""
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
