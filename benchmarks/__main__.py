"""Measure the product, raw SQL and django-helpdesk in one run, or compare two versions.

`python -m benchmarks [--quick] [--reuse] [--against REF]`. The run starts its own servers on free
ports, with data in `var/bench`, and stops them at the end; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import compare, helpdesk_pages, pages, raw_sql, report, server, verbs
from benchmarks.clients import LoadResult, merged
from benchmarks.environments import QUICK, SIZES, SMALL, BenchEnvironment
from benchmarks.helpdesk_pages import Helpdesk
from benchmarks.server import say

QUEUE_TITLE = "供水"  # the first-level category that the lists filter by, and helpdesk's queue
FULL = {"rounds": 160, "walks": 60, "load": 600, "filed": 4500, "tickets": 1500, "due": 1500}
SHORT = {"rounds": 20, "walks": 15, "load": 100, "filed": 300, "tickets": 150, "due": 150}
TURNS = 15
Results = dict[str, Any]


def main() -> None:
    """Parse the arguments, then measure or compare; exit with an error when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: for trying")
    parser.add_argument("--reuse", action="store_true", help="use the databases of the last run")
    parser.add_argument(
        "--against", metavar="REF", help="compare with another version: a git reference or a path"
    )
    arguments = parser.parse_args()
    start = time.monotonic()
    counts = SHORT if arguments.quick else FULL
    results: Results = {"machine": machine(), "quick": arguments.quick, "counts": counts}
    server.collect_static()
    services = server.start_services()
    try:
        results["postgres"] = server.version()
        run = run_comparison if arguments.against else run_all
        run(arguments, counts, results)
    finally:
        services.stop()
    results["minutes"] = round((time.monotonic() - start) / 60, 1)
    folder = server.VAR / "results" if arguments.quick else report.FOLDER
    text = (compare if arguments.against else report).write(results, folder)
    print(text, flush=True)
    say(f"done in {results['minutes']} minutes")
    missed = [bar["name"] for bar in results["bars"] if not bar["holds"]]
    if missed and not arguments.quick:  # a quick run is too short for its figures to count
        sys.exit(f"missed: {'; '.join(missed)}")


def run_comparison(arguments: argparse.Namespace, counts: dict[str, int], results: Results) -> None:
    """Compare this version with another one on the largest database."""
    environment = BenchEnvironment(QUICK if arguments.quick else (SIZES[0], SIZES[-1]))
    environment.set_up(reuse=arguments.reuse)
    results |= compare.run(environment, compare.checkout_of(arguments.against), counts)
    results["old"], results["new"] = arguments.against, _commit()
    results["cases"] = environment.facts[environment.largest]["cases"]


def run_all(arguments: argparse.Namespace, counts: dict[str, int], results: Results) -> None:
    """Measure the product at every size, raw SQL and django-helpdesk."""
    environment = BenchEnvironment(QUICK if arguments.quick else SIZES)
    try:
        environment.set_up(reuse=arguments.reuse)
        results["sizes"] = {
            size.name: environment.facts[size.name] | environment.checked[size.name]
            for size in environment.sizes
        }
        environment.start()
        measure_product(environment, counts, results)
        environment.stop()
        measure_submissions(environment, counts, results, reuse=arguments.reuse)
        say("escalating cases whose deadlines have passed")
        largest = environment.largest
        results["sweep"] = json.loads(server.run_in_process(largest, "sweep", str(counts["due"])))
        results["check"] = json.loads(server.run_in_process(largest, "check"))
    finally:
        environment.stop()
    results["bars"] = report.bars(results)


def measure_product(
    environment: BenchEnvironment, counts: dict[str, int], results: Results
) -> None:
    """Measure the product at every size."""
    small, large = SMALL, environment.largest
    say("pages")
    results["pages"] = pages.measure(environment, counts["rounds"])
    say("queries and rows of the pages")
    results["queries"] = {size: pages.count(environment, size) for size in (small, large)}
    say("eight clients requesting pages")
    results["load"] = {
        size: pages.load(environment, size, counts["load"]) for size in (small, large)
    }
    say("filing and verbs")
    results["verbs"] = verbs.measure(environment, counts["walks"])
    fixtures = json.dumps(environment.fixtures)
    results["verb_queries"] = json.loads(
        server.run_in_process(large, "count_verb_queries", fixtures)
    )
    results["memory"] = {size: environment.servers[size].memory() for size in (small, large)}


def measure_submissions(
    environment: BenchEnvironment, counts: dict[str, int], results: Results, *, reuse: bool
) -> None:
    """Measure filing here, by SQL alone and in django-helpdesk with as many tickets as cases."""
    helpdesk_pages.install()
    results["helpdesk"], results["filing"], results["raw_filing"] = {}, {}, {}
    for size in (environment.sizes[0], environment.sizes[-1]):
        checked = environment.checked[size.name]
        say(f"django-helpdesk with {checked['cases']:,} tickets")
        helpdesk = Helpdesk(size.name, checked["cases"], checked["open"])
        helpdesk.set_up(SMALL, QUEUE_TITLE, reuse=reuse)
        helpdesk.start()
        try:
            single = helpdesk.create(counts["tickets"] // 4, 1).figures()
            ours, theirs = interleaved(environment, helpdesk, counts)
            results["filing"][size.name] = ours.figures()
            raw = raw_sql.submissions(size.name, counts["filed"])
            results["raw_filing"][size.name] = raw.figures()
            results["helpdesk"][size.name] = {
                "one": single,
                "eight": theirs.figures(),
                "pages": helpdesk.pages(counts["rounds"] // 2),
                "memory": helpdesk.web_server.memory() if helpdesk.web_server else {},
            }
        finally:
            helpdesk.stop()


def interleaved(
    environment: BenchEnvironment, helpdesk: Helpdesk, counts: dict[str, int]
) -> tuple[LoadResult, LoadResult]:
    """Let eight clients file reports here and tickets there, in alternating short turns.

    The speed of the machine varies over a run; turns let it vary for both alike. The first turn
    warms up and is not counted.
    """
    say(f"eight clients filing, in turns with {helpdesk.database}")
    web_server = environment.servers[helpdesk.name]
    web_server.start()
    try:
        pairs = [
            (
                verbs.submissions(environment, web_server.port, counts["filed"] // TURNS, 8),
                helpdesk.create(counts["tickets"] // TURNS, 8),
            )
            for _turn in range(TURNS + 1)
        ][1:]
    finally:
        web_server.stop()
    return merged(ours for ours, _theirs in pairs), merged(theirs for _ours, theirs in pairs)


def machine() -> dict[str, Any]:
    """Describe the machine."""
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


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    completed = subprocess.run(
        command, cwd=server.ROOT, capture_output=True, text=True, check=False
    )
    return completed.stdout.strip() or "this version"


if __name__ == "__main__":
    main()
