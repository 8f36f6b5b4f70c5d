"""Page latency: each page is requested from every size in turn, so that runs are interleaved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks import clients, server
from benchmarks.clients import Credentials, HttpConnection, Response, quoted
from benchmarks.environments import BenchEnvironment

WARM_UP = 5

# name: (user name, path); `{...}` is filled in from the environment.
PAGES: dict[str, tuple[str, str]] = {
    "queue, secretary": ("secretary", "/home/"),
    "queue, community": ("community", "/home/"),
    "queue, official": ("official", "/home/"),
    "list, open, secretary": ("secretary", "/petitions/"),
    "list, open, official": ("official", "/petitions/"),
    "list, all years, secretary": ("secretary", "/petitions/?state=all&sort=newest"),
    "list, all years, official": ("official", "/petitions/?state=all&sort=newest"),
    "list, category, official": ("official", "/petitions/?state=all&category=WS&sort=newest"),
    "list, category, secretary": ("secretary", "/petitions/?state=all&category=WS&sort=newest"),
    "list, category and community": (
        "official",
        "/petitions/?state=all&category=WS&community={community_id}&sort=newest",
    ),
    "list, closed, urgent": ("official", "/petitions/?state=closed&urgency=urgent&sort=newest"),
    "list, deep page": ("official", "/petitions/?state=all&sort=newest&after={deep}"),
    "search, frequent word": ("official", "/petitions/?state=all&q=浑浊"),
    "search, frequent word, secretary": ("secretary", "/petitions/?state=all&q=浑浊"),
    "search, rare word": ("official", "/petitions/?state=all&q={rare}"),
    "search, no hit": ("official", "/petitions/?state=all&q=鲲鹏"),
    "case, open": ("community", "/petitions/{open_case}/"),
    "case, ended": ("community", "/petitions/{ended_case}/"),
    "overview": ("official", "/overview/"),
}
QUEUE = [name for name in PAGES if name.startswith("queue")]
LISTS = [name for name in PAGES if name.startswith("list")]
SEARCHES = [name for name in PAGES if name.startswith("search")]
CASES = [name for name in PAGES if name.startswith("case")]
API_LIST = "API list, category"
API_PAGES = {API_LIST: "/api/v1/petitions/?category=WS&limit=20"}
LOADED_PAGES = ("queue, secretary", "list, category, official", "case, open")


def paths(environment: BenchEnvironment, size: str) -> dict[str, tuple[str, str]]:
    """Return user name and path of every page at one size."""
    cases = environment.fixtures["cases"]["community"]
    values = {
        "community_id": environment.fixtures["community_id"],
        "deep": environment.facts[size]["deep"],
        "rare": environment.facts[size]["rare"],
        "open_case": cases["open"][0],
        "ended_case": cases["ended"][0],
    }
    return {name: (user, path.format(**values)) for name, (user, path) in PAGES.items()}


def measure(environment: BenchEnvironment, rounds: int) -> dict[str, dict[str, Any]]:
    """Return p50, p95 and p99 of every page at every size."""
    connections = {size: HttpConnection(web.port) for size, web in environment.servers.items()}
    requests: list[tuple[str, Credentials, dict[str, str]]] = []
    for name, (user, _path) in PAGES.items():
        by_size = {size: quoted(paths(environment, size)[name][1]) for size in connections}
        requests.append((name, environment.users[user], by_size))
    for name, path in API_PAGES.items():
        by_size = dict.fromkeys(connections, path)
        requests.append((name, environment.api_clients["partner"], by_size))
    times: dict[str, dict[str, list[float]]] = {
        name: {size: [] for size in connections} for name, *_rest in requests
    }
    sizes = list(connections)
    for turn in range(-WARM_UP, rounds):
        for name, credentials, by_size in requests:
            for size in sizes[turn % len(sizes) :] + sizes[: turn % len(sizes)]:
                response = connections[size].get(by_size[size], credentials)
                if turn >= 0:
                    times[name][size].append(response.ms)
    return {
        name: {size: clients.percentiles(page_times) for size, page_times in of_page.items()}
        for name, of_page in times.items()
    }


def count(environment: BenchEnvironment, size: str) -> dict[str, dict[str, float]]:
    """Return queries, rows and blocks of every page, and the time of its SQL alone."""
    counted: dict[str, dict[str, float]] = json.loads(
        server.run_in_process(size, "count_queries", json.dumps(paths(environment, size)))
    )
    return counted


def repeated_get(
    address: str, credentials: Credentials
) -> Callable[[HttpConnection, int], Response]:
    """Return a request for `clients.run_load` that fetches always the same page."""
    return lambda connection, _number: connection.get(address, credentials)


def load(environment: BenchEnvironment, size: str, requests: int) -> dict[str, dict[str, float]]:
    """Let eight clients request the same page at once; return throughput and percentiles."""
    by_name = paths(environment, size)
    figures = {}
    for name in LOADED_PAGES:
        user, path = by_name[name]
        address, credentials = quoted(path), environment.users[user]
        port = environment.servers[size].port
        result = clients.run_load(port, repeated_get(address, credentials), requests)
        figures[name] = result.figures()
    return figures
