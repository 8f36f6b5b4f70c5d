"""The rival, django-helpdesk, on the same PostgreSQL: as many tickets, the same four things asked.

It lives in a virtual environment of its own (`var/bench/rival`), which only a benchmark makes, and
is favoured where one must choose: no mail is sent, no static files are looked up, two follow-ups a
ticket instead of eight events a case.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import clients, server
from benchmarks.clients import Answer, Line, Person, Rush
from benchmarks.server import Web, say
from config.local.embedded import postgres

VENV = server.VAR / "rival"
PYTHON = VENV / "bin" / "python"
LOCK = server.ROOT / "benchmarks" / "helpdesk" / "requirements.lock"
PAGE = 25
SLOW_MS, VERY_SLOW_MS = 2_000.0, 20_000.0
PATIENT = 3  # how often a slow page is asked for; a very slow one once

SHARES = """
SELECT root.name, count(*)::float / sum(count(*)) OVER () AS share
FROM petitions_petition p JOIN petitions_category c ON c.id = p.category_id
JOIN petitions_category root ON root.id = coalesce(c.parent_id, c.id)
GROUP BY root.id, root.name ORDER BY root.code
"""
TICKETS = """
INSERT INTO helpdesk_ticket (title, created, modified, submitter_email, assigned_to_id, status,
    on_hold, description, resolution, priority, due_date, secret_key, queue_id)
SELECT '居民反映 ' || n, at, at, 'resident' || n %% 5000 || '@example.org', 1 + n %% 20,
    CASE WHEN n > %(tickets)s - %(still_open)s THEN 1 ELSE 4 END, FALSE,
    repeat('水是浑的，放了半小时还是黄的，请来看看。', 3), '已处理', 1 + n %% 5,
    at + interval '15 days', md5(n::text), (SELECT q FROM unnest(%(queues)s, %(up_to)s) AS s(q, u)
        WHERE u >= drawn ORDER BY u LIMIT 1)
FROM (SELECT n, now() - (%(tickets)s - n) * (interval '3650 days' / %(tickets)s) AS at,
    random() AS drawn FROM generate_series(1, %(tickets)s) AS n) made
"""
FOLLOW_UPS = """
INSERT INTO helpdesk_followup (date, title, comment, public, user_id, new_status, message_id,
    time_spent, ticket_id)
SELECT t.created + k * interval '1 day', '办理', '已联系居民，现场查看后修好。', TRUE,
    t.assigned_to_id, CASE WHEN k = 2 THEN t.status END, '', NULL, t.id
FROM helpdesk_ticket t, generate_series(1, 2) AS k
"""


@dataclass
class Rival:
    """One database of tickets with its web server."""

    name: str
    cases: int
    still_open: int
    person: Person = field(default_factory=lambda: Person({}))
    queue: int = 0
    web: Web | None = None

    @property
    def database(self) -> str:
        """The part of the database's name that is the rival's own."""
        return f"helpdesk_{self.name}"

    def set_up(self, shares_from: str, leading: str, *, reuse: bool) -> None:
        """Make the tickets, spread over queues as the cases are over first-level categories."""
        line = server.connect(shares_from)
        with line.cursor() as cursor:
            cursor.execute(SHARES)
            shares: list[tuple[str, float]] = cursor.fetchall()
        line.close()
        kept = server.VAR / f"{self.database}.json"
        if reuse and kept.exists() and self.database in server.databases():
            session = json.loads(kept.read_text())
        else:
            server.create(self.database)
            titles = [name for name, _share in shares]
            session = _run([str(PYTHON), "-m", "benchmarks.helpdesk.setup", *titles], self._words())
            self._grow([share for _name, share in shares])
            kept.write_text(json.dumps(session))
        self.person = Person.with_session("sessionid", session.strip(), "csrftoken")
        self.queue = 1 + [name for name, _share in shares].index(leading)

    def start(self) -> None:
        """Start its web server."""
        command = [str(PYTHON), "-m", "gunicorn", "-c", "benchmarks/helpdesk/gunicorn.py"]
        command.append("benchmarks.helpdesk.wsgi")
        self.web = Web(self.database, command, self._words())
        self.web.start()

    def stop(self) -> None:
        """End it."""
        if self.web:
            self.web.stop()

    def create(self, count: int, at_once: int) -> Rush:
        """File tickets through its API."""
        assert self.web is not None

        def file(line: Line, number: int) -> Answer:
            ticket = {
                "queue": self.queue,
                "title": f"水是浑的 {number}",
                "description": "水是浑的，放了半小时还是黄的，请来看看。",
                "submitter_email": "resident@example.org",
                "priority": 3,
            }
            return line.post("/api/tickets/", self.person, ticket, 201)

        return clients.rush(self.web.port, file, count, at_once)

    def pages(self, rounds: int) -> dict[str, dict[str, float]]:
        """Return the times of its list, a ticket and its report page."""
        assert self.web is not None
        line = Line(self.web.port)
        found = {}
        for name, path in self._paths().items():
            found[name] = clients.percentiles(
                _times(lambda p=path: line.get(p, self.person).ms, rounds)  # type: ignore[misc]
            )
            say(f"  {self.database}, {name}: {found[name]['p50']:,.0f} ms")
        return found

    def _paths(self) -> dict[str, str]:
        table = "datatables_ticket_list"
        shown = f"draw=1&start=0&length={PAGE}&order[0][column]=0&order[0][dir]=desc"
        one_queue: dict[str, Any] = {"filtering": {"queue__id__in": [self.queue]}}
        still_open: dict[str, Any] = {
            "filtering": {"queue__id__in": [self.queue], "status__in": [1, 2]}
        }
        newest = {"sorting": "created", "sortreverse": True, "search_string": ""}
        ticket = self.cases // 2
        return {
            "list, one queue, all years": f"/{table}/{_query(one_queue | newest)}?{shown}",
            "list, one queue, open": f"/{table}/{_query(still_open | newest)}?{shown}",
            "ticket": f"/tickets/{ticket}/",
            "report page": "/reports/",
        }

    def _grow(self, shares: list[float]) -> None:
        up_to = [sum(shares[: place + 1]) for place in range(len(shares))]
        up_to[-1] = 1.0
        line = server.connect(self.database)
        with line.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off; SET session_replication_role = replica")
            values = {
                "tickets": self.cases,
                "still_open": self.still_open,
                "queues": list(range(1, len(shares) + 1)),
                "up_to": up_to,
            }
            cursor.execute(TICKETS, values)
            cursor.execute(FOLLOW_UPS)
            for table in ("helpdesk_ticket", "helpdesk_followup"):
                cursor.execute(f"VACUUM ANALYZE {table}")
        line.close()
        say(f"  {self.database}: {self.cases:,} tickets")

    def _words(self) -> dict[str, str]:
        own = {
            "RIVAL_DATABASE": server.DATABASE_NAME.format(self.database),
            "RIVAL_USER": postgres.ROLE,
            "RIVAL_HOST": str(server.AT.sockets),
            "DJANGO_SETTINGS_MODULE": "benchmarks.helpdesk.settings",
        }
        return server.environment(self.name) | own


def install() -> None:
    """Make the rival's virtual environment, unless it is there as its lock says."""
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    say("installing django-helpdesk beside the product")
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "-q", "--clear", str(VENV)], None)
    wanted = ["-q", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK)]
    _run([*uv, "pip", "install", *wanted], None)
    stamp.write_bytes(LOCK.read_bytes())


def _run(command: list[str], surroundings: dict[str, str] | None) -> str:
    answer = subprocess.run(
        command, cwd=server.ROOT, env=surroundings, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise SystemExit(f"{' '.join(command[:4])} …:\n{answer.stderr[-3000:]}")
    return answer.stdout


def _query(words: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(words).encode()).decode()


def _times(ask: Callable[[], float], rounds: int) -> list[float]:
    """Ask once to warm up, then as often as is wanted; a slow page less often."""
    first = ask()
    if first > VERY_SLOW_MS:
        return [first]
    return [ask() for _round in range(PATIENT if first > SLOW_MS else rounds)]
