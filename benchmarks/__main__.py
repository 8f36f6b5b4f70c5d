"""Measures the product, raw SQL and a rival in one run, and writes ratios.

`python -m benchmarks [--quick] [--reuse]`. Everything is started here, on ports and in a folder of
its own, and stopped again; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import helpdesk_pages, pages, raw, report, server, verbs
from benchmarks.clients import Rush, together
from benchmarks.environments import QUICK, SIZES, SMALL, Stage
from benchmarks.helpdesk_pages import Rival
from benchmarks.server import say

LEADING = "供水"  # the first-level category that the lists ask for, and the rival's queue
FULL = {"rounds": 160, "walks": 60, "rush": 600, "filed": 4500, "tickets": 1500, "due": 1500}
SHORT = {"rounds": 20, "walks": 15, "rush": 100, "filed": 300, "tickets": 150, "due": 150}
TURNS = 15
Found = dict[str, Any]


def main() -> None:
    """Set the stage, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: for trying")
    parser.add_argument("--reuse", action="store_true", help="take the databases of the last run")
    said = parser.parse_args()
    began = time.monotonic()
    stage, counts = Stage(QUICK if said.quick else SIZES), SHORT if said.quick else FULL
    found: Found = {"machine": machine(), "quick": said.quick, "counts": counts}
    server.collect_static()
    services = server.start_services()
    try:
        stage.set_up(reuse=said.reuse)
        found["postgres"] = server.version()
        found["sizes"] = {
            size.name: stage.facts[size.name] | stage.settled[size.name] for size in stage.sizes
        }
        stage.start()
        product(stage, counts, found)
        stage.stop()
        beside(stage, counts, found, reuse=said.reuse)
        say("letting cases climb")
        found["sweep"] = json.loads(server.inside(stage.largest, "sweep", str(counts["due"])))
        found["verdict"] = json.loads(server.inside(stage.largest, "settle"))
    finally:
        stage.stop()
        services.stop()
    found["minutes"] = round((time.monotonic() - began) / 60, 1)
    report.write(found)
    say(f"done in {found['minutes']} minutes")
    missed = [bar["name"] for bar in found["bars"] if not bar["holds"]]
    if missed and not said.quick:  # small sizes and few rounds say nothing
        sys.exit(f"missed: {'; '.join(missed)}")


def product(stage: Stage, counts: dict[str, int], found: Found) -> None:
    """Measure the product at every size."""
    small, large = SMALL, stage.largest
    say("pages")
    found["pages"] = pages.measure(stage, counts["rounds"])
    say("queries and rows of the pages")
    found["asked"] = {size: pages.count(stage, size) for size in (small, large)}
    say("eight clients looking at pages")
    found["crowd"] = {size: pages.crowd(stage, size, counts["rush"]) for size in (small, large)}
    say("filing and verbs")
    found["verbs"] = verbs.measure(stage, counts["walks"])
    found["verb_queries"] = json.loads(server.inside(large, "acted", json.dumps(stage.ground)))
    found["memory"] = {size: stage.webs[size].memory() for size in (small, large)}


def beside(stage: Stage, counts: dict[str, int], found: Found, *, reuse: bool) -> None:
    """Measure filing, by SQL alone too, and the rival with as many tickets as there are cases."""
    helpdesk_pages.install()
    found["rival"], found["filing"], found["raw_filing"] = {}, {}, {}
    for size in (stage.sizes[0], stage.sizes[-1]):
        facts = stage.settled[size.name]
        say(f"django-helpdesk with {facts['cases']:,} tickets")
        one = Rival(size.name, facts["cases"], facts["open"])
        one.set_up(SMALL, LEADING, reuse=reuse)
        one.start()
        try:
            alone = one.create(counts["tickets"] // 4, 1).figures()
            ours, theirs = in_turns(stage, one, counts)
            found["filing"][size.name] = ours.figures()
            found["raw_filing"][size.name] = raw.filing(size.name, counts["filed"]).figures()
            found["rival"][size.name] = {
                "one": alone,
                "eight": theirs.figures(),
                "pages": one.pages(counts["rounds"] // 2),
                "memory": one.web.memory() if one.web else {},
            }
        finally:
            one.stop()


def in_turns(stage: Stage, one: Rival, counts: dict[str, int]) -> tuple[Rush, Rush]:
    """Let eight clients file reports and tickets, a few of the one and a few of the other.

    In turns, because the machine is not equally fast all the time. The first turn is not counted.
    """
    say(f"eight clients filing, in turns with {one.database}")
    web = stage.webs[one.name]
    web.start()
    try:
        pairs = [
            (
                verbs.filing(stage, one.name, counts["filed"] // TURNS, 8),
                one.create(counts["tickets"] // TURNS, 8),
            )
            for _turn in range(TURNS + 1)
        ][1:]
    finally:
        web.stop()
    return together([ours for ours, _theirs in pairs]), together(
        [theirs for _ours, theirs in pairs]
    )


def machine() -> dict[str, Any]:
    """Name the machine."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "at": time.strftime("%Y-%m-%d %H:%M"),
    }


if __name__ == "__main__":
    main()
