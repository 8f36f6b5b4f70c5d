"""Measures the pages at the sample's size and with years of history, and writes the ratios.

`python -m benchmarks [cases]` (default 100000) works in `var/bench` with services of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ["VAR_DIR"] = str(ROOT / "var" / "bench")
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["LOG_LEVEL"] = "WARNING"
for name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION"):
    os.environ.pop(name, None)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks import grow  # noqa: E402
from config import embedded, places  # noqa: E402
from members.models import User  # noqa: E402
from petitions.models import Petition  # noqa: E402

ROUNDS = 60
WARM_UP = 8
PAGES: dict[str, tuple[str, str]] = {
    "queue, secretary": ("secretary", "/home/"),
    "queue, official": ("official", "/home/"),
    "open cases, community": ("community", "/petitions/"),
    "all cases, newest first": ("official", "/petitions/?state=all&sort=newest"),
    "one category, all years": ("official", "/petitions/?state=all&category=WS&sort=newest"),
    "search of two characters": ("official", "/petitions/?state=all&q=浑浊"),
    "overview": ("official", "/overview/"),
    "one case": ("community", ""),
}
Figures = dict[str, dict[str, float]]


def measure() -> Figures:
    """Return p50 and p95 in milliseconds and the number of queries of every page."""
    return {name: _page(*asked) for name, asked in PAGES.items()}


def _page(username: str, path: str) -> dict[str, float]:
    user = User.objects.get(username=username)
    client = Client(HTTP_HOST="localhost")
    client.force_login(user, backend="members.backends.HatBackend")
    if not path:
        case = Petition.objects.visible_to(user).open().order_by("id").first()
        path = case.get_absolute_url() if case else "/petitions/"
    return _timed(lambda: client.get(path))


def _timed(ask: Callable[[], Any]) -> dict[str, float]:
    for _round in range(WARM_UP):
        answer = ask()
        if answer.status_code != 200:
            sys.exit(f"answered {answer.status_code}, not the page")
    with CaptureQueriesContext(connection) as asked:
        ask()
    queries = len(asked)  # before the next request forgets them
    taken = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    p95 = taken[int(len(taken) * 0.95) - 1]
    return {"p50": statistics.median(taken), "p95": p95, "queries": queries}


def main() -> None:
    """Measure small, grow, measure again, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=100_000)
    wanted = parser.parse_args().cases
    services = embedded.start(places.find())
    try:
        call_command("migrate", verbosity=0)
        call_command("load_sample")
        small_size, small = Petition.objects.count(), measure()
        start = time.perf_counter()
        large_size = grow.history(wanted)
        print(f"grown to {large_size:,} cases in {time.perf_counter() - start:.0f} s")
        _write(small_size, small, large_size, measure())
    finally:
        services.stop()


def _write(small_size: int, small: Figures, large_size: int, large: Figures) -> None:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    sizes = f"{small_size:,} and {large_size:,}"
    lines = [
        "# Pages as history grows",
        "",
        f"Machine: {machine}. Cases: {sizes}. {ROUNDS} requests each, one client, in one run.",
        "",
        f"| page | queries | p50, {small_size:,} | p95 | p50, {large_size:,} | p95 | p50 ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, before in small.items():
        after = large[name]
        lines.append(
            f"| {name} | {before['queries']:.0f} → {after['queries']:.0f}"
            f" | {before['p50']:.1f} ms | {before['p95']:.1f} ms"
            f" | {after['p50']:.1f} ms | {after['p95']:.1f} ms"
            f" | {after['p50'] / before['p50']:.2f} |"
        )
    report = "\n".join(lines) + "\n"
    print(report)
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    (folder / "pages.md").write_text(report, encoding="utf-8")
    figures = {"small": small, "large": large, "sizes": [small_size, large_size]}
    (folder / "pages.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


main()
