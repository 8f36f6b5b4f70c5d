"""The environment of a run: databases of several sizes, a web server on each, and credentials."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks import data_growth, server
from benchmarks.clients import Credentials
from benchmarks.server import WebServer, say

SMALL = "1k"
PAGE_USERS = ("secretary", "community", "official", "staff")


@dataclass(frozen=True)
class Size:
    """A database to build: its name, the number of cases, and how many of them are open."""

    name: str
    cases: int
    still_open: int


SIZES = (Size("1k", 0, 0), Size("100k", 100_000, 600), Size("1m", 1_000_000, 3_000))
QUICK = (Size("1k", 0, 0), Size("20k", 20_000, 300))


@dataclass
class BenchEnvironment:
    """What the measurements need.

    `fixtures`: sessions, tokens and ids of the sample, equal for all sizes. `facts`: what is read
    from each database once it has grown. `checked`: its integrity report. `servers`: by size.
    """

    sizes: tuple[Size, ...]
    fixtures: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    checked: dict[str, dict[str, Any]] = field(default_factory=dict)
    servers: dict[str, WebServer] = field(default_factory=dict)

    @property
    def largest(self) -> str:
        """The name of the largest size."""
        return self.sizes[-1].name

    @property
    def users(self) -> dict[str, Credentials]:
        """The users with a session, by user name."""
        return self.with_sessions(self.fixtures["sessions"])

    @property
    def api_clients(self) -> dict[str, Credentials]:
        """The users with an API token, by user name."""
        tokens = self.fixtures["tokens"]
        return {name: Credentials.with_token(token) for name, token in tokens.items()}

    def with_sessions(self, sessions: dict[str, str]) -> dict[str, Credentials]:
        """Return credentials by user name for these session keys."""
        cookie, csrf_cookie = self.fixtures["cookies"]
        return {
            name: Credentials.with_session(cookie, key, csrf_cookie)
            for name, key in sessions.items()
        }

    def set_up(self, *, reuse: bool) -> None:
        """Build the databases, or take those of an earlier run."""
        file = server.DATA_PATHS.var / "environment.json"
        names = {size.name for size in self.sizes}
        if reuse and file.exists() and names <= server.databases():
            saved = json.loads(file.read_text())
            self.fixtures, self.checked = saved["fixtures"], saved["checked"]
            say(f"using the databases of an earlier run: {', '.join(sorted(names))}")
        else:
            self._build()
            file.write_text(json.dumps({"fixtures": self.fixtures, "checked": self.checked}))
        for size in self.sizes:
            self.facts[size.name] = _facts(size.name)

    def start(self) -> None:
        """Start a web server on each database."""
        for size in self.sizes:
            web_server = self.servers[size.name] = WebServer.of(size.name)
            web_server.start()
            say(f"web server on {size.name}: port {web_server.port}, processes {web_server.pids}")

    def stop(self) -> None:
        """Stop the web servers."""
        for web_server in self.servers.values():
            web_server.stop()

    def _build(self) -> None:
        server.create(SMALL)
        self.fixtures = json.loads(server.run_in_process(SMALL, "set_up"))
        say("the sample is loaded")
        for size in self.sizes:
            if size.name != SMALL:
                self._grow(size)
        for size in self.sizes:
            checked = json.loads(server.run_in_process(size.name, "check"))
            self.checked[size.name] = checked
            say(
                f"{size.name}: {checked['cases']:,} cases, {checked['open']:,} open; "
                f"{checked['checks']} integrity checks, broken: {checked['broken'] or 'none'}"
            )
            if checked["broken"]:
                raise SystemExit("The grown data violates the integrity checks.")

    def _grow(self, size: Size) -> None:
        say(f"growing {size.name}")
        server.create(size.name, template=SMALL)
        connection = server.connect(size.name)
        start = time.monotonic()
        data_growth.grow(
            connection,
            cases=size.cases,
            still_open=size.still_open,
            final=self.fixtures["final"],
            say=say,
        )
        connection.close()
        say(f"  grown in {time.monotonic() - start:.0f} s")


def _facts(database: str) -> dict[str, Any]:
    """Return what is known only when the database has grown: sizes, ids and a rare word."""
    connection = server.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), max(id), min(id), pg_database_size(current_database())"
            " FROM petitions_petition"
        )
        cases, newest, oldest, size = cursor.fetchone() or (0, 0, 0, 0)
        cursor.execute("SELECT text FROM petitions_petition WHERE text LIKE '%%店旁边。' LIMIT 1")
        rare_text = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM petitions_event")
        events = (cursor.fetchone() or (0,))[0]
    connection.close()
    return {
        "cases": cases,
        "events": events,
        "megabytes": round(size / 2**20),
        "deep": (newest + oldest) // 2,
        "rare": rare_text[0][-6:-4] if rare_text else "井盖",
    }
