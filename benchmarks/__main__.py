"""Measures the product, raw SQL and a rival in one run, and writes ratios.

`python -m benchmarks [--quick] [--reuse]`. Everything is started here, on ports and in a folder of
its own, and stopped again; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json

from benchmarks import pages, server
from benchmarks.server import say
from benchmarks.stage import QUICK, SIZES, Stage


def main() -> None:
    """Set the stage, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: for trying")
    parser.add_argument("--reuse", action="store_true", help="take the databases of the last run")
    parser.add_argument("--rounds", type=int, default=0)
    said = parser.parse_args()
    stage = Stage(QUICK if said.quick else SIZES)
    rounds = said.rounds or (20 if said.quick else 100)
    services = server.start_services()
    try:
        stage.set_up(reuse=said.reuse)
        stage.start()
        found = pages.measure(stage, rounds)
        for name, by in found.items():
            print(f"{name:34}", "  ".join(f"{s}: {f['p50']:7.1f} {f['p95']:7.1f}" for s, f in by.items()),
             f"ratio {by[stage.largest]['p50']/by['1k']['p50']:.2f} {by[stage.largest]['p95']/by['1k']['p95']:.2f}")
        for size in by:
            c = pages.count(stage, size)
            print(size); 
            for n, f in c.items(): print(f"  {n:34}", f)
    finally:
        stage.stop()
        services.stop()


if __name__ == "__main__":
    main()
