"""What people look at: each page asked of every size in turn, so that all have one weather."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import clients, server
from benchmarks.clients import Line, Person
from benchmarks.environments import Stage

WARM_UP = 5

# name: who asks, where. `{…}` is filled in from the stage.
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
BY_API = {"API list, category": "/api/v1/petitions/?category=WS&limit=20"}


def paths(stage: Stage, size: str) -> dict[str, tuple[str, str]]:
    """Return who asks for which address at one size."""
    words = {
        "community_id": stage.ground["community_id"],
        "deep": stage.facts[size]["deep"],
        "rare": stage.facts[size]["rare"],
        "open_case": stage.ground["cases"]["community"]["open"][0],
        "ended_case": stage.ground["cases"]["community"]["ended"][0],
    }
    return {name: (who, path.format(**words)) for name, (who, path) in PAGES.items()}


def measure(stage: Stage, rounds: int) -> dict[str, dict[str, Any]]:
    """Return p50, p95 and p99 of every page at every size."""
    lines = {size: Line(web.port) for size, web in stage.webs.items()}
    asked: list[tuple[str, Person, dict[str, str]]] = []
    for name, (who, _path) in PAGES.items():
        at = {size: _quoted(paths(stage, size)[name][1]) for size in lines}
        asked.append((name, stage.people[who], at))
    for name, path in BY_API.items():
        asked.append((name, stage.programs["partner"], dict.fromkeys(lines, path)))
    taken: dict[str, dict[str, list[float]]] = {
        name: {size: [] for size in lines} for name, *_rest in asked
    }
    sizes = list(lines)
    for turn in range(-WARM_UP, rounds):
        for name, person, at in asked:
            for size in sizes[turn % len(sizes) :] + sizes[: turn % len(sizes)]:
                answer = lines[size].get(at[size], person)
                if turn >= 0:
                    taken[name][size].append(answer.ms)
    return {
        name: {size: clients.percentiles(times) for size, times in by_size.items()}
        for name, by_size in taken.items()
    }


def count(stage: Stage, size: str) -> dict[str, dict[str, float]]:
    """Return queries, rows and blocks of every page, and what raw SQL takes for the same rows."""
    found: dict[str, dict[str, float]] = json.loads(
        server.inside(size, "asked", json.dumps(paths(stage, size)))
    )
    return found


def crowd(stage: Stage, size: str, requests: int) -> dict[str, dict[str, float]]:
    """Let eight clients ask for the same page at once; return requests a second and times."""
    at = paths(stage, size)
    found = {}
    for name in ("queue, secretary", "list, category, official", "case, open"):
        who, path = at[name]
        address, person = _quoted(path), stage.people[who]
        done = clients.rush(
            stage.webs[size].port, lambda line, _n, a=address, p=person: line.get(a, p), requests
        )
        found[name] = done.figures()
    return found


def _quoted(path: str) -> str:
    """Return the address with Chinese written as browsers send it."""
    return "".join(
        one if one.isascii() else "".join(f"%{b:02X}" for b in one.encode()) for one in path
    )
