"""Latency of filing a report and of the verbs of its life, by page and by API."""

from __future__ import annotations

import uuid
from typing import Any

from benchmarks import clients
from benchmarks.clients import Credentials, HttpConnection, LoadResult, Response
from benchmarks.environments import BenchEnvironment

TEXT = "水是浑的，放了半小时还是黄的，请来看看。"
NOTE = "已约好明早上门。"
RESOLVED = {
    "outcome": "resolved",
    "cause": "老旧铁管",
    "public_answer": "已更换楼前老旧铁管，水已变清。",
}
StepTimes = list[tuple[str, float]]


def measure(environment: BenchEnvironment, rounds: int) -> dict[str, dict[str, Any]]:
    """Take new cases through their life at every size, `rounds` times by page and by API.

    The steps are file, accept, note, start, resolve; each is timed.
    """
    times: dict[str, dict[str, list[float]]] = {}
    connections = {size: HttpConnection(web.port) for size, web in environment.servers.items()}
    sizes = list(connections)
    for turn in range(-2, rounds):
        for walk in (_by_page, by_api):
            for size in sizes[turn % len(sizes) :] + sizes[: turn % len(sizes)]:
                for name, ms in walk(environment, connections[size], turn):
                    if turn >= 0:
                        times.setdefault(name, {s: [] for s in sizes})[size].append(ms)
    return {
        name: {size: clients.percentiles(step_times) for size, step_times in by_size.items()}
        for name, by_size in times.items()
    }


def _by_page(environment: BenchEnvironment, connection: HttpConnection, turn: int) -> StepTimes:
    return by_page(environment, connection, turn, environment.users)


def submissions(
    environment: BenchEnvironment, port: int, count: int, clients_at_once: int
) -> LoadResult:
    """File reports by API from several clients at once."""
    partner, places = environment.api_clients["partner"], environment.fixtures["everywhere"]

    def send(connection: HttpConnection, number: int) -> Response:
        return _submit(connection, partner, places[number % len(places)])

    return clients.run_load(port, send, count, clients_at_once)


def by_api(environment: BenchEnvironment, connection: HttpConnection, turn: int) -> StepTimes:
    """Take one case through its life by API; return the milliseconds of each step."""
    place, _name = _place_near(environment, turn)
    submitted = _submit(connection, environment.api_clients["partner"], place)
    petition, etag = submitted.json()["id"], '"v1"'
    secretary = environment.api_clients["secretary"]
    steps = [("file, API", submitted.ms)]
    for verb, body in (
        ("accept", {}),
        ("note", {"body": NOTE}),
        ("start", {}),
        ("resolve", RESOLVED),
    ):
        path = f"/api/v1/petitions/{petition}/{verb}/"
        response = connection.post(path, secretary, body, If_Match=etag)
        etag = response.headers["ETag"]
        steps.append((f"{verb}, API", response.ms))
    return steps


def by_page(
    environment: BenchEnvironment,
    connection: HttpConnection,
    turn: int,
    users: dict[str, Credentials],
) -> StepTimes:
    """Take one case through its life by page; return the milliseconds of each step."""
    place, place_name = _place_near(environment, turn)
    category, category_name = environment.fixtures["category"]
    form = {
        "key": str(uuid.uuid4()),
        "where": place_name,
        "place": place,
        "what": category_name,
        "category": category,
        "text": TEXT,
        "channel": "desk",
    }
    submitted = connection.form("/petitions/new/", users["community"], form)
    petition = submitted.headers["Location"].split("/")[2]
    steps = [("file, page", submitted.ms)]
    posts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("accept", {"version": 1}),
        ("note", {"version": 2, "body": NOTE}),
        ("start", {"version": 3}),
        ("resolve", {"version": 4, "step": "send"} | RESOLVED),
    )
    for verb, data in posts:
        path = f"/petitions/{petition}/{verb}/"
        steps.append((f"{verb}, page", connection.form(path, users["secretary"], data).ms))
    return steps


def _submit(connection: HttpConnection, credentials: Credentials, place: int) -> Response:
    report = {"place": place, "category": "WS01", "text": TEXT}
    key = str(uuid.uuid4())
    return connection.post("/api/v1/petitions/", credentials, report, 201, Idempotency_Key=key)


def _place_near(environment: BenchEnvironment, turn: int) -> tuple[int, str]:
    """Return id and name of a building in the secretary's grid, another one each turn."""
    near = environment.fixtures["near"]
    place, name = near[turn % len(near)]
    return place, name
