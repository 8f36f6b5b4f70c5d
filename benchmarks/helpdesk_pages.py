"""django-helpdesk on the same PostgreSQL, with as many tickets as there are cases.

It has its own virtual environment (`var/bench/helpdesk`). Where a choice was needed it favours
django-helpdesk: no mail, no look-up of static files, two follow-ups a ticket instead of eight
events a case.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from benchmarks import clients, server
from benchmarks.clients import Credentials, HttpConnection, LoadResult, Response
from benchmarks.server import WebServer, say
from config.local.embedded import postgres

VENV = server.VAR / "helpdesk"
PYTHON = VENV / "bin" / "python"
LOCK = server.ROOT / "benchmarks" / "helpdesk" / "requirements.lock"
PAGE = 25
SLOW_MS, VERY_SLOW_MS = 2_000.0, 20_000.0
SLOW_ROUNDS = 3  # requests for a slow page; a very slow page is requested once

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
class Helpdesk:
    """One database of tickets with its web server; `name` is the size."""

    name: str
    cases: int
    still_open: int
    credentials: Credentials = field(default_factory=lambda: Credentials({}))
    queue: int = 0
    web_server: WebServer | None = None

    @property
    def database(self) -> str:
        """The name of the database without the common prefix."""
        return f"helpdesk_{self.name}"

    def set_up(self, shares_from: str, queue_title: str, *, reuse: bool) -> None:
        """Create the tickets, with one queue for each first-level category and its share."""
        connection = server.connect(shares_from)
        with connection.cursor() as cursor:
            cursor.execute(SHARES)
            shares: list[tuple[str, float]] = cursor.fetchall()
        connection.close()
        file = server.VAR / f"{self.database}.json"
        if reuse and file.exists() and self.database in server.databases():
            session = json.loads(file.read_text())
        else:
            server.create(self.database)
            titles = [name for name, _share in shares]
            session = _run(
                [str(PYTHON), "-m", "benchmarks.helpdesk.setup", *titles], self._variables()
            )
            self._grow([share for _name, share in shares])
            file.write_text(json.dumps(session))
        self.credentials = Credentials.with_session("sessionid", session.strip(), "csrftoken")
        self.queue = 1 + [name for name, _share in shares].index(queue_title)

    def start(self) -> None:
        """Start the web server."""
        command = [str(PYTHON), "-m", "gunicorn", "-c", "benchmarks/helpdesk/gunicorn.py"]
        command.append("benchmarks.helpdesk.wsgi")
        self.web_server = WebServer(self.database, command, self._variables())
        self.web_server.start()

    def stop(self) -> None:
        """Stop the web server."""
        if self.web_server:
            self.web_server.stop()

    def create(self, count: int, at_once: int) -> LoadResult:
        """Create tickets by API, `at_once` clients at a time."""
        assert self.web_server is not None

        def send(connection: HttpConnection, number: int) -> Response:
            ticket = {
                "queue": self.queue,
                "title": f"水是浑的 {number}",
                "description": "水是浑的，放了半小时还是黄的，请来看看。",
                "submitter_email": "resident@example.org",
                "priority": 3,
            }
            return connection.post("/api/tickets/", self.credentials, ticket, 201)

        return clients.run_load(self.web_server.port, send, count, at_once)

    def pages(self, rounds: int) -> dict[str, dict[str, float]]:
        """Return the percentiles of the list, a ticket and the report page."""
        assert self.web_server is not None
        connection = HttpConnection(self.web_server.port)
        figures = {}
        for name, path in self._paths().items():
            figures[name] = clients.percentiles(_times(connection, path, self.credentials, rounds))
            say(f"  {self.database}, {name}: {figures[name]['p50']:,.0f} ms")
        return figures

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
        connection = server.connect(self.database)
        with connection.cursor() as cursor:
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
        connection.close()
        say(f"  {self.database}: {self.cases:,} tickets")

    def _variables(self) -> dict[str, str]:
        variables = {
            "HELPDESK_DATABASE": server.DATABASE_NAME.format(self.database),
            "HELPDESK_USER": postgres.ROLE,
            "HELPDESK_HOST": str(server.DATA_PATHS.sockets),
            "DJANGO_SETTINGS_MODULE": "benchmarks.helpdesk.settings",
        }
        return server.process_environment(self.name) | variables


def install() -> None:
    """Create the virtual environment from the lock file, unless it is up to date."""
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    say("installing django-helpdesk beside the product")
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "-q", "--clear", str(VENV)], None)
    wanted = ["-q", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK)]
    _run([*uv, "pip", "install", *wanted], None)
    stamp.write_bytes(LOCK.read_bytes())


def _run(command: list[str], variables: dict[str, str] | None) -> str:
    completed = subprocess.run(
        command, cwd=server.ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise SystemExit(f"{' '.join(command[:4])} …:\n{completed.stderr[-3000:]}")
    return completed.stdout


def _query(words: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(words).encode()).decode()


def _times(
    connection: HttpConnection, path: str, credentials: Credentials, rounds: int
) -> list[float]:
    """Request a page once to warm up, then `rounds` times; a slow page less often."""

    def request() -> float:
        return connection.get(path, credentials).ms

    first = request()
    if first > VERY_SLOW_MS:
        return [first]
    return [request() for _round in range(SLOW_ROUNDS if first > SLOW_MS else rounds)]
