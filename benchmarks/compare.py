"""Compare two checkouts on the same database: interleaved requests, ratios of the new to the old.

Each page is requested from both web servers in alternation. Eight clients work in short turns,
alternating between the servers. The old checkout runs its own code on the database that the new one
has built and migrated, so both schemas must be compatible.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import clients, pages, server, verbs
from benchmarks.clients import Credentials, HttpConnection, LoadResult, quoted
from benchmarks.environments import PAGE_USERS, BenchEnvironment
from benchmarks.server import CURRENT, Checkout, WebServer, say

WARM_UP = 6
LOAD_TURNS = 12
Results = dict[str, Any]

# Groups of pages whose p50, summed, is compared: name, pages, highest ratio allowed.
LATENCY_BARS: tuple[tuple[str, list[str], float], ...] = (
    ("queue", pages.QUEUE, 0.70),
    ("list", pages.LISTS, 0.55),
    ("case page", pages.CASES, 0.65),
    ("accept by page", ["accept, page"], 0.60),
    ("API list", [pages.API_LIST], 0.45),
)
# Throughput of eight clients: name, page, lowest ratio allowed.
THROUGHPUT_BARS = (
    ("queue, 8 clients", "queue, secretary", 1.4),
    ("case page, 8 clients", "case, open", 1.4),
    ("list, 8 clients", "list, category, official", 1.8),
)
MOST_QUERIES = 10


@dataclass
class Side:
    """One of the two checkouts: its web server, its sessions, and its single-client connection."""

    checkout: Checkout
    web_server: WebServer
    users: dict[str, Credentials]
    connection: HttpConnection | None = None

    @property
    def client(self) -> HttpConnection:
        """The connection of the single client, opened at first use."""
        if self.connection is None:
            self.connection = HttpConnection(self.web_server.port)
        return self.connection


def checkout_of(reference: str) -> Checkout:
    """Return the checkout at a path, or the one of a git reference, exported into `var/bench`."""
    folder = Path(reference)
    if (folder / "manage.py").exists():
        python = folder.resolve() / ".venv" / "bin" / "python"
        return Checkout("old", folder.resolve(), str(python) if python.exists() else sys.executable)
    show = ["git", "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"]
    completed = subprocess.run(show, cwd=server.ROOT, capture_output=True, text=True, check=False)
    commit = completed.stdout.strip()
    if not commit:
        raise SystemExit(f"{reference} is neither a checkout nor a commit.")
    folder = server.VAR / f"checkout-{commit[:12]}"
    if not (folder / "manage.py").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = ["git", "archive", "--format=tar", commit]
        packed = subprocess.run(archive, cwd=server.ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return Checkout("old", folder, sys.executable)


def _make_readable(size: str) -> None:
    """Replace the values that an earlier version does not know and could not show."""
    with server.connect(size) as connection, connection.cursor() as cursor:
        cursor.execute(READABLE_BY_EARLIER_VERSIONS)


def run(environment: BenchEnvironment, old: Checkout, counts: dict[str, int]) -> Results:
    """Measure both checkouts on the largest database; return all figures and the bars."""
    size = environment.largest
    _make_readable(size)
    server.collect_static(old)
    sides = [_start(environment, checkout, size) for checkout in (old, CURRENT)]
    try:
        say("pages, one client, alternating requests")
        latency = _latency(environment, sides, size, counts["rounds"])
        say("filing and verbs, one client, alternating cases")
        latency |= _verbs(environment, sides, counts["walks"])
        say("eight clients, alternating turns")
        throughput = _throughput(environment, sides, size, counts["load"] // LOAD_TURNS)
        memory = {side.checkout.name: side.web_server.memory() for side in sides}
    finally:
        for side in sides:
            side.web_server.stop()
    say("queries of the pages")
    counted = pages.count(environment, size)
    results: Results = {
        "size": size,
        "latency": latency,
        "throughput": throughput,
        "memory": memory,
        "queries": {name: row["queries"] for name, row in counted.items()},
    }
    results["bars"] = bars(results)
    return results


def bars(results: Results) -> list[dict[str, Any]]:
    """Compare the ratios with the bars."""
    made = []
    for name, group, bar in LATENCY_BARS:
        sums = [sum(results["latency"][page][side]["p50"] for page in group) for side in _SIDES]
        made.append(_bar(f"{name}: p50, new / old", sums[1] / sums[0], bar, is_most=True))
    for name, page, bar in THROUGHPUT_BARS:
        old, new = (results["throughput"][page][side]["per_second"] for side in _SIDES)
        made.append(_bar(f"{name}: requests per second, new / old", new / old, bar, is_most=False))
    worst = max(results["queries"].values())
    made.append(_bar("most queries of a page", worst, MOST_QUERIES, is_most=True))
    return made


_SIDES = ("old", "new")

READABLE_BY_EARLIER_VERSIONS = """
SET session_replication_role = replica;
UPDATE petitions_event SET verb = 'note' WHERE verb IN
    ('ack', 'conclude', 'hand_back', 'cancel', 'send_again', 'overdue', 'reschedule');
UPDATE petitions_event SET actor = 'coordinator' WHERE actor IN ('arbiter', 'orderer');
UPDATE petitions_feedback SET solved = CASE solved WHEN 'accepted' THEN 'yes' ELSE 'no' END
    WHERE solved IN ('accepted', 'refused');
UPDATE petitions_petition SET closed_by = 'confirmed' WHERE closed_by = 'accepted';
DELETE FROM petitions_deadline WHERE kind IN ('acknowledge', 'conclude', 'arbitration');
"""


def _bar(name: str, value: float, bar: float, *, is_most: bool) -> dict[str, Any]:
    holds = value <= bar if is_most else value >= bar
    return {"name": name, "value": round(value, 3), "bar": bar, "most": is_most, "holds": holds}


def _start(environment: BenchEnvironment, checkout: Checkout, size: str) -> Side:
    script = str(server.ROOT / "benchmarks" / "log_in.py")
    sessions = json.loads(server.run(checkout, ["-P", script, *PAGE_USERS], size))
    web_server = WebServer.of(size, checkout)
    web_server.start()
    say(f"{checkout.name}: {checkout.folder}, port {web_server.port}")
    return Side(checkout, web_server, environment.with_sessions(sessions))


def _latency(
    environment: BenchEnvironment, sides: list[Side], size: str, rounds: int
) -> dict[str, dict[str, Any]]:
    """Return the percentiles of each page by side; both sides alternate request by request."""
    times: dict[str, dict[str, list[float]]] = {}
    requests = _requests(environment, size)
    for turn in range(-WARM_UP, rounds):
        for name, (user, path) in requests.items():
            for side in sides if turn % 2 else reversed(sides):
                credentials = side.users.get(user) or environment.api_clients[user]
                ms = side.client.get(path, credentials).ms
                if turn >= 0:
                    times.setdefault(name, {s: [] for s in _SIDES})[side.checkout.name].append(ms)
    return _percentiles(times)


def _requests(environment: BenchEnvironment, size: str) -> dict[str, tuple[str, str]]:
    """Return user name and path of each page; the API list is requested by the API client."""
    requests = {
        name: (user, quoted(path)) for name, (user, path) in pages.paths(environment, size).items()
    }
    return requests | {name: ("partner", path) for name, path in pages.API_PAGES.items()}


def _verbs(
    environment: BenchEnvironment, sides: list[Side], rounds: int
) -> dict[str, dict[str, Any]]:
    """Return the percentiles of filing and of each verb by side, by page and by API."""
    times: dict[str, dict[str, list[float]]] = {}
    for turn in range(-2, rounds):
        for side in sides if turn % 2 else reversed(sides):
            steps = verbs.by_page(environment, side.client, turn, side.users)
            steps += verbs.by_api(environment, side.client, turn)
            if turn >= 0:
                for name, ms in steps:
                    times.setdefault(name, {s: [] for s in _SIDES})[side.checkout.name].append(ms)
    return _percentiles(times)


def _throughput(
    environment: BenchEnvironment, sides: list[Side], size: str, requests: int
) -> dict[str, dict[str, Any]]:
    """Return the throughput of eight clients by side, for pages and for filing by API."""
    addresses = _requests(environment, size)
    figures: dict[str, dict[str, Any]] = {}
    for name in (*pages.LOADED_PAGES, pages.API_LIST):
        user, path = addresses[name]

        def load(side: Side, user: str = user, path: str = path) -> LoadResult:
            credentials = side.users.get(user) or environment.api_clients[user]
            return clients.run_load(
                side.web_server.port, pages.repeated_get(path, credentials), requests
            )

        figures[name] = _in_turns(sides, load)
    figures["file, API"] = _in_turns(
        sides,
        lambda side: verbs.submissions(
            environment, side.web_server.port, requests, clients.CLIENTS
        ),
    )
    return figures


def _in_turns(sides: list[Side], load: Callable[[Side], LoadResult]) -> dict[str, Any]:
    """Run the load on each side in turns; the first turn of each side warms up."""
    results: dict[str, list[LoadResult]] = {name: [] for name in _SIDES}
    for turn in range(-1, LOAD_TURNS):
        for side in sides if turn % 2 else reversed(sides):
            result = load(side)
            if turn >= 0:
                results[side.checkout.name].append(result)
    return {name: clients.merged(parts).figures() for name, parts in results.items()}


def _percentiles(times: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, Any]]:
    return {
        name: {side: clients.percentiles(of_side) for side, of_side in by_side.items()}
        for name, by_side in times.items()
    }


def write(results: Results, folder: Path) -> str:
    """Write the figures as JSON and as tables; return the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(_lines(results)) + "\n"
    data = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    (folder / "compare.json").write_text(data, encoding="utf-8")
    (folder / "compare.md").write_text(text, encoding="utf-8")
    return text


def _lines(results: Results) -> list[str]:
    machine = results["machine"]
    lines = [
        f"# {results['new']} compared with {results['old']}",
        "",
        (
            f"{machine['at']}, {machine['processor']}, {machine['cores']} cores, PostgreSQL "
            f"{results['postgres']}, {results['cases']:,} cases in one database; load before: "
            f"{machine['load_before']:.1f}; {results['minutes']} minutes."
        ),
        "",
        "Both versions run at the same time on the same database; requests alternate.",
        "",
        "| bar | seen | wanted | holds |",
        "|---|---|---|---|",
    ]
    for bar in results["bars"]:
        wanted = f"{'≤' if bar['most'] else '≥'} {bar['bar']:g}"
        holds = "yes" if bar["holds"] else "**no**"
        lines.append(f"| {bar['name']} | {bar['value']} | {wanted} | {holds} |")
    lines += [
        "",
        "## One client (milliseconds)",
        "",
        "| | old: p50 / p95 | new: p50 / p95 | p50 ratio | queries, new |",
        "|---|---|---|---|---|",
    ]
    for name, by_side in results["latency"].items():
        old, new = (by_side[side] for side in _SIDES)
        lines.append(
            f"| {name} | {old['p50']:.1f} / {old['p95']:.1f} | {new['p50']:.1f} / {new['p95']:.1f}"
            f" | {new['p50'] / old['p50']:.2f} | {results['queries'].get(name, '–')} |"
        )
    lines += ["", "## Eight clients (requests per second)", "", "| | old | new | ratio |"]
    lines.append("|---|---|---|---|")
    for name, by_side in results["throughput"].items():
        old, new = (by_side[side]["per_second"] for side in _SIDES)
        lines.append(f"| {name} | {old:,.1f} | {new:,.1f} | {new / old:.2f} |")
    return lines
