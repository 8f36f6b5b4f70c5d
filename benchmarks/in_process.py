"""The parts of a run that need the application itself, each in a process of its own.

`python -m benchmarks.in_process WORD` runs in `benchmarks.server.environment`; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, reset_queries  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from knox.models import AuthToken  # noqa: E402

from grids.enums import Level  # noqa: E402
from grids.models import Area  # noqa: E402
from members.accounts.middleware import MFA_KEY  # noqa: E402
from members.models import User  # noqa: E402
from petitions.models import Category, Deadline, Petition  # noqa: E402
from petitions.ops import integrity, scheduled_tasks  # noqa: E402
from petitions.states import FINAL  # noqa: E402

PEOPLE = ("secretary", "community", "official", "staff")
BACKEND = "members.accounts.backends.RoleBackend"
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


def ground() -> dict[str, Any]:
    """Migrate, load the sample, log people in; return how they come in and what to ask for."""
    call_command("migrate", verbosity=0)
    call_command("load_sample", stdout=sys.stderr)
    secretary = User.objects.get(username="secretary")
    building = Area.objects.get(
        name__contains=BUILDING.removeprefix("阜兴花苑"), full_name__contains=BUILDING
    )
    within = Area.objects.filter(level=Level.BUILDING)
    own = [path for seat in secretary.scope.posts for path in seat.area_paths]
    near = [
        [row.pk, row.full_name] for row in within.order_by("id") if row.path.startswith(tuple(own))
    ]
    everywhere = list(
        within.visible_to(User.objects.get(username="partner"))
        .reportable(secretary.scope.day)
        .order_by("id")
        .values_list("pk", flat=True)
    )
    cases = {}
    for name in PEOPLE[:3]:
        seen = Petition.objects.visible_to(User.objects.get(username=name))
        cases[name] = {
            "open": list(seen.open().order_by("id").values_list("pk", flat=True)[:20]),
            "ended": list(
                seen.filter(status="closed").order_by("id").values_list("pk", flat=True)[:20]
            ),
        }
    return {
        "sessions": {name: _session(User.objects.get(username=name)) for name in PEOPLE},
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


def _session(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[MFA_KEY] = True
    session.save()
    return str(session.session_key)


def _token(name: str) -> str:
    _row, token = AuthToken.objects.create(User.objects.get(username=name))
    return str(token)


def settle() -> dict[str, Any]:
    """Let the clock do what is due, then judge the whole database."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    fired = scheduled_tasks.sweep_deadlines()
    told = 0
    while found := scheduled_tasks.drain_outbox():
        told += found
    start = time.monotonic()
    verdict = integrity.check(with_photos=False)
    return {
        "fired": fired,
        "told": told,
        "verdict": {name: count for name, count in verdict.items() if count},
        "questions": len(verdict),
        "seconds": round(time.monotonic() - start, 1),
        "cases": Petition.objects.count(),
        "open": Petition.objects.open().count(),
    }


def asked(pages_json: str) -> dict[str, Any]:
    """Return for each page: queries, rows and blocks read, and what raw SQL takes for its rows."""
    pages = json.loads(pages_json)
    found = {}
    for name, (username, path) in pages.items():
        client = Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_PROTO="https")
        client.cookies[settings.SESSION_COOKIE_NAME] = _session(User.objects.get(username=username))
        for _warm in range(3):
            answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        before = _counters()
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        queries = [query["sql"] for query in captured.captured_queries]
        after = _counters()
        rows, blocks = (after[i] - before[i] for i in range(2))
        reset_queries()
        found[name] = {
            "queries": len(queries),
            "rows_read": rows,
            "blocks": blocks,
            "raw_ms": round(_raw(queries), 2),
        }
    return found


def _counters() -> list[int]:
    """Return rows fetched and blocks asked for by this database so far."""
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


def _raw(queries: list[str]) -> float:
    """Return the least time, in ms, that the same statements take without the application."""
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
    """Let `number` limits pass at once and see how fast one worker lets the cases climb."""
    wanted = int(number)
    running = Deadline.objects.open().filter(kind="resolution").order_by("id")
    due = list(running.values_list("pk", flat=True)[:wanted])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE petitions_deadline")
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
    done = scheduled_tasks.sweep_deadlines()
    seconds = time.perf_counter() - start
    fired = Deadline.objects.filter(state="fired").count() - before
    start = time.perf_counter()
    idle = scheduled_tasks.sweep_deadlines()
    return {
        "due": len(due),
        "done": done,
        "fired": fired,
        "seconds": round(seconds, 2),
        "per_second": round(fired / seconds, 1),
        "idle_ms": round((time.perf_counter() - start) * 1000, 1),
        "idle_done": idle,
    }


def acted(ground_json: str) -> dict[str, Any]:
    """Return the number of queries of filing a report and of the verbs of its life, by API."""
    ground = json.loads(ground_json)
    found, tag, case = {}, "", 0
    for _turn in range(2):  # the first also fills what a process keeps for a minute
        for name, path, who, given in LIFE:
            body = given
            client = Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_PROTO="https")
            head = {"HTTP_AUTHORIZATION": f"Bearer {ground['tokens'][who]}", "HTTP_IF_MATCH": tag}
            if name == "file":
                body = given | {"place": ground["near"][0][0]}
                head = head | {"HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4())}
            with CaptureQueriesContext(connection) as captured:
                answer = client.post(
                    path.format(case=case), json.dumps(body), "application/json", **head
                )
            assert answer.status_code in {200, 201}, answer.content
            case, tag = answer.json()["id"], answer["ETag"]
            # BEGIN and COMMIT are no questions.
            found[f"{name}, API"] = sum(
                query["sql"] not in {"BEGIN", "COMMIT"} for query in captured.captured_queries
            )
    return found


WORDS: dict[str, Callable[..., dict[str, Any]]] = {
    "ground": ground,
    "settle": settle,
    "asked": asked,
    "acted": acted,
    "sweep": sweep,
}

if __name__ == "__main__":
    json.dump(WORDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
