"""What people and programs do: filing a report and the verbs of its life, by page and by API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from benchmarks import clients
from benchmarks.clients import Answer, Line, Person, Rush
from benchmarks.environments import Stage

TEXT = "水是浑的，放了半小时还是黄的，请来看看。"
RESOLVED = {
    "outcome": "resolved",
    "cause": "老旧铁管",
    "public_answer": "已更换楼前老旧铁管，水已变清。",
}
Times = dict[str, list[float]]


def measure(stage: Stage, rounds: int) -> dict[str, dict[str, Any]]:
    """Walk a new case through its life at every size, `rounds` times by page and as often by API.

    Filed, accepted, a note, begun, resolved; each step is timed.
    """
    taken: dict[str, Times] = {}
    lines = {size: Line(web.port) for size, web in stage.webs.items()}
    sizes = list(lines)
    for turn in range(-2, rounds):
        for walk in (_by_page, _by_api):
            for size in sizes[turn % len(sizes) :] + sizes[: turn % len(sizes)]:
                for name, ms in walk(stage, lines[size], turn):
                    if turn >= 0:
                        taken.setdefault(name, {s: [] for s in sizes})[size].append(ms)
    return {
        name: {size: clients.percentiles(times) for size, times in by_size.items()}
        for name, by_size in taken.items()
    }


def filing(stage: Stage, size: str, count: int, at_once: int) -> Rush:
    """File reports by API from that many clients at once."""
    program, places = stage.programs["partner"], stage.ground["everywhere"]

    def file(line: Line, number: int) -> Answer:
        return _file(line, program, places[number % len(places)])

    return clients.rush(stage.webs[size].port, file, count, at_once)


def _file(line: Line, program: Person, place: int) -> Answer:
    report = {"place": place, "category": "WS01", "text": TEXT}
    key = str(uuid.uuid4())
    return line.post("/api/v1/petitions/", program, report, 201, Idempotency_Key=key)


def _by_api(stage: Stage, line: Line, turn: int) -> list[tuple[str, float]]:
    place, _name = _near(stage, turn)
    filed = _file(line, stage.programs["partner"], place)
    case, tag, secretary = filed.json()["id"], '"v1"', stage.programs["secretary"]
    steps: list[tuple[str, float]] = [("file, API", filed.ms)]
    for verb, body in (
        ("accept", {}),
        ("note", {"body": "已约好明早上门。"}),
        ("start", {}),
        ("resolve", RESOLVED),
    ):
        path = f"/api/v1/petitions/{case}/{verb}/"
        done = line.post(path, secretary, body, If_Match=tag)
        tag = done.headers["ETag"]
        steps.append((f"{verb}, API", done.ms))
    return steps


def _by_page(stage: Stage, line: Line, turn: int) -> list[tuple[str, float]]:
    clerk, secretary = stage.people["community"], stage.people["secretary"]
    place, where = _near(stage, turn)
    category, what = stage.ground["category"]
    form = {
        "key": str(uuid.uuid4()),
        "where": where,
        "place": place,
        "what": what,
        "category": category,
        "text": TEXT,
        "channel": "desk",
    }
    filed = line.form("/petitions/new/", clerk, form)
    case = filed.headers["Location"].split("/")[2]
    steps: list[tuple[str, float]] = [("file, page", filed.ms)]
    ask: Callable[[str, dict[str, Any]], Answer] = lambda verb, data: line.form(  # noqa: E731
        f"/petitions/{case}/{verb}/", secretary, data
    )
    steps.append(("accept, page", ask("accept", {"version": 1}).ms))
    steps.append(("note, page", ask("note", {"version": 2, "body": "已约好明早上门。"}).ms))
    steps.append(("start, page", ask("start", {"version": 3}).ms))
    steps.append(("resolve, page", ask("resolve", {"version": 4, "step": "send"} | RESOLVED).ms))
    return steps


def _near(stage: Stage, turn: int) -> tuple[int, str]:
    """Return a building of the secretary's grid and its name: another one each time."""
    near = stage.ground["near"]
    place, name = near[turn % len(near)]
    return place, name
