"""The parts of a run that need the application itself, each in a process of its own.

`python -m benchmarks.in_process WORD [ARGUMENT]` runs with the variables of
`benchmarks.server.process_environment` and prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, reset_queries  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, override_settings  # noqa: E402
from knox.models import AuthToken  # noqa: E402

from benchmarks.environments import PAGE_USERS  # noqa: E402
from benchmarks.log_in import log_in  # noqa: E402
from config.lib.db import roles  # noqa: E402
from grids.enums import Level  # noqa: E402
from grids.models import Area  # noqa: E402
from members.models import User  # noqa: E402
from petitions.models import Category, Deadline, Petition  # noqa: E402
from petitions.ops import integrity, scheduled_tasks  # noqa: E402
from petitions.states import FINAL  # noqa: E402

BUILDING = "阜兴花苑46号楼"
RAW_ROUNDS = 15
VERB = "/api/v1/petitions/{case}/"
RESOLVED = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "水已变清。"}
LIFE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("file", "/api/v1/petitions/", "partner", {"category": "WS01", "text": "水是浑的"}),
    ("accept", f"{VERB}accept/", "secretary", {}),
    ("note", f"{VERB}note/", "secretary", {"body": "已约好明早上门。"}),
    ("start", f"{VERB}start/", "secretary", {}),
    ("resolve", f"{VERB}resolve/", "secretary", RESOLVED),
)


def set_up() -> dict[str, Any]:
    """Migrate, load the sample, log users in; return sessions, tokens and ids for the requests."""
    call_command("migrate", verbosity=0)
    with override_settings(PRODUCTION=False):  # production refuses the sample
        call_command("load_sample", stdout=sys.stderr)
    secretary = User.objects.get(username="secretary")
    building = Area.objects.get(
        name__contains=BUILDING.removeprefix("阜兴花苑"), full_name__contains=BUILDING
    )
    buildings = Area.objects.filter(level=Level.BUILDING)
    own_paths = tuple(path for post in secretary.scope.posts for path in post.area_paths)
    near = [
        [area.pk, area.full_name]
        for area in buildings.order_by("id")
        if area.path.startswith(own_paths)
    ]
    everywhere = list(
        buildings.visible_to(User.objects.get(username="partner"))
        .reportable(secretary.scope.day)
        .order_by("id")
        .values_list("pk", flat=True)
    )
    cases = {}
    for name in PAGE_USERS[:3]:
        visible = Petition.objects.visible_to(User.objects.get(username=name))
        cases[name] = {
            "open": list(visible.open().order_by("id").values_list("pk", flat=True)[:20]),
            "ended": list(
                visible.filter(status="closed").order_by("id").values_list("pk", flat=True)[:20]
            ),
        }
    return {
        "sessions": {name: log_in(name) for name in PAGE_USERS},
        "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
        "tokens": {name: _token(name) for name in ("secretary", "partner", "community")},
        "building": building.pk,
        "community_id": building_community(building),
        "near": near,
        "everywhere": everywhere,
        "cases": cases,
        "category": Category.objects.filter(code="WS01").values_list("pk", "name")[0],
        "final": [str(status) for status in FINAL],
    }


def building_community(building: Area) -> int:
    """Return the community a building lies in."""
    return Area.objects.get(pk__in=building.ancestor_ids, level=Level.COMMUNITY).pk


def _token(name: str) -> str:
    _row, token = AuthToken.objects.create(User.objects.get(username=name))
    return str(token)


def check() -> dict[str, Any]:
    """Run the sweep and the outbox until nothing is due, then check the whole database."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    expired = scheduled_tasks.sweep_deadlines()
    published = 0
    while batch := scheduled_tasks.drain_outbox():
        published += batch
    start = time.monotonic()
    report = integrity.check(with_photos=False, with_audit_trail=False)
    return {
        "expired": expired,
        "published": published,
        "broken": {name: count for name, count in report.items() if count},
        "checks": len(report),
        "seconds": round(time.monotonic() - start, 1),
        "cases": Petition.objects.count(),
        "open": Petition.objects.open().count(),
    }


def count_queries(pages_json: str) -> dict[str, Any]:
    """Return for each page: queries, rows and blocks read, and the time of its SQL alone in ms."""
    pages = json.loads(pages_json)
    counted = {}
    for name, (username, path) in pages.items():
        client = Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_PROTO="https")
        client.cookies[settings.SESSION_COOKIE_NAME] = log_in(username)
        for _warm_up in range(3):
            response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        before = _counters()
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        queries = [query["sql"] for query in captured.captured_queries]
        after = _counters()
        rows, blocks = (after[i] - before[i] for i in range(2))
        reset_queries()
        counted[name] = {
            "queries": len(queries),
            "rows_read": rows,
            "blocks": blocks,
            "raw_ms": round(_sql_time(queries), 2),
        }
    return counted


def _counters() -> list[int]:
    """Return the rows fetched and the blocks read from this database so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT 1")
        cursor.execute("SELECT sum(idx_tup_fetch) + sum(seq_tup_read) FROM pg_stat_user_tables")
        rows = cursor.fetchone()[0]
        cursor.execute(
            "SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)"
            " + coalesce(toast_blks_read + toast_blks_hit, 0)) FROM pg_statio_user_tables"
        )
        return [int(rows), int(cursor.fetchone()[0])]


def _sql_time(queries: list[str]) -> float:
    """Return the shortest time, in ms, of the same statements without the application."""
    connection.ensure_connection()
    best = float("inf")
    for _round in range(RAW_ROUNDS):
        start = time.perf_counter()
        with connection.connection.cursor() as cursor:
            for sql in queries:
                if sql.lstrip("( ").upper().startswith("SELECT"):
                    cursor.execute(sql)
                    cursor.fetchall()
        best = min(best, (time.perf_counter() - start) * 1000)
    return best


def sweep(number: str) -> dict[str, Any]:
    """Let `number` deadlines pass at once; measure how fast one worker escalates the cases."""
    wanted = int(number)
    running = Deadline.objects.open().filter(kind="resolution").order_by("id")
    due = list(running.values_list("pk", flat=True)[:wanted])
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("ANALYZE petitions_deadline")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE petitions_deadline SET started_at = least(started_at, now() - interval '2 h'),"
            " remind_at = now() - interval '2 h', due_at = now() - interval '1 h',"
            " reminded_at = now() WHERE id = ANY(%s)",
            [due],
        )
        cursor.execute(
            "UPDATE petitions_petition p SET due_at = least(p.due_at, d.due_at)"
            " FROM petitions_deadline d"
            " WHERE d.petition_id = p.id AND d.id = ANY(%s)",
            [due],
        )
    before = Deadline.objects.filter(state="fired").count()
    start = time.perf_counter()
    swept = scheduled_tasks.sweep_deadlines()
    seconds = time.perf_counter() - start
    expired = Deadline.objects.filter(state="fired").count() - before
    start = time.perf_counter()
    idle = scheduled_tasks.sweep_deadlines()
    return {
        "due": len(due),
        "swept": swept,
        "expired": expired,
        "seconds": round(seconds, 2),
        "per_second": round(expired / seconds, 1),
        "idle_ms": round((time.perf_counter() - start) * 1000, 1),
        "idle_swept": idle,
    }


def count_verb_queries(fixtures_json: str) -> dict[str, Any]:
    """Return the number of queries of filing a report and of the verbs of its life, by API."""
    fixtures = json.loads(fixtures_json)
    counted, etag, petition = {}, "", 0
    for _turn in range(2):  # the first turn also fills the caches of the process
        for name, path, user, data in LIFE:
            body = data
            client = Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_PROTO="https")
            headers = {
                "HTTP_AUTHORIZATION": f"Bearer {fixtures['tokens'][user]}",
                "HTTP_IF_MATCH": etag,
            }
            if name == "file":
                body = data | {"place": fixtures["near"][0][0]}
                headers |= {"HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4())}
            with CaptureQueriesContext(connection) as captured:
                response = client.post(
                    path.format(case=petition), json.dumps(body), "application/json", **headers
                )
            assert response.status_code in {200, 201}, response.content
            petition, etag = response.json()["id"], response["ETag"]
            # BEGIN and COMMIT are not counted.
            counted[f"{name}, API"] = sum(
                query["sql"] not in {"BEGIN", "COMMIT"} for query in captured.captured_queries
            )
    return counted


WORDS: dict[str, Callable[..., dict[str, Any]]] = {
    "set_up": set_up,
    "check": check,
    "count_queries": count_queries,
    "count_verb_queries": count_verb_queries,
    "sweep": sweep,
}

if __name__ == "__main__":
    json.dump(WORDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
