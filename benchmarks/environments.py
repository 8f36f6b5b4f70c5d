"""The stage of a run: three databases of one story, a web server on each, and who plays."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks import data_growth, server
from benchmarks.clients import Person
from benchmarks.server import Web, say

SMALL = "1k"


@dataclass(frozen=True)
class Size:
    """How large a database is to be: all cases, and those still open."""

    name: str
    cases: int
    still_open: int


SIZES = (Size("1k", 0, 0), Size("100k", 100_000, 600), Size("1m", 1_000_000, 3_000))
QUICK = (Size("1k", 0, 0), Size("20k", 20_000, 300))


@dataclass
class Stage:
    """What every measurement needs to know."""

    sizes: tuple[Size, ...]
    ground: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    settled: dict[str, dict[str, Any]] = field(default_factory=dict)
    webs: dict[str, Web] = field(default_factory=dict)

    @property
    def largest(self) -> str:
        """The name of the largest size."""
        return self.sizes[-1].name

    @property
    def people(self) -> dict[str, Person]:
        """Those who come by a browser."""
        names = self.ground["cookies"]
        return {
            name: Person.with_session(names[0], key, names[1])
            for name, key in self.ground["sessions"].items()
        }

    @property
    def programs(self) -> dict[str, Person]:
        """Those who come by a token."""
        return {name: Person.with_token(key) for name, key in self.ground["tokens"].items()}

    def set_up(self, *, reuse: bool) -> None:
        """Make the databases, or take those that an earlier run has left."""
        kept = server.AT.var / "stage.json"
        names = {size.name for size in self.sizes}
        if reuse and kept.exists() and names <= server.databases():
            said = json.loads(kept.read_text())
            self.ground, self.settled = said["ground"], said["settled"]
            say(f"taking the databases as they are: {', '.join(sorted(names))}")
        else:
            self._make()
            kept.write_text(json.dumps({"ground": self.ground, "settled": self.settled}))
        for size in self.sizes:
            self.facts[size.name] = _facts(size.name)

    def start(self) -> None:
        """Start a web server on each database."""
        for size in self.sizes:
            web = self.webs[size.name] = Web.of(size.name)
            web.start()
            say(f"web server on {size.name}: port {web.port}, processes {web.pids}")

    def stop(self) -> None:
        """End the web servers."""
        for web in self.webs.values():
            web.stop()

    def _make(self) -> None:
        server.create(SMALL)
        self.ground = json.loads(server.inside(SMALL, "ground"))
        say("the sample is loaded")
        for size in self.sizes:
            if size.name != SMALL:
                say(f"growing {size.name}")
                server.create(size.name, template=SMALL)
                line = server.connect(size.name)
                began = time.monotonic()
                data_growth.history(
                    line,
                    cases=size.cases,
                    still_open=size.still_open,
                    final=self.ground["final"],
                    say=say,
                )
                line.close()
                say(f"  grown in {time.monotonic() - began:.0f} s")
        for size in self.sizes:
            found = json.loads(server.inside(size.name, "settle"))
            self.settled[size.name] = found
            say(
                f"{size.name}: {found['cases']:,} cases, {found['open']:,} open; "
                f"{found['questions']} questions of integrity, broken: {found['verdict'] or 'none'}"
            )
            if found["verdict"]:
                raise SystemExit("What has grown is not as if it had come in by the doors.")


def _facts(name: str) -> dict[str, Any]:
    """Return what can only be asked for once the database has grown."""
    line = server.connect(name)
    with line.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), max(id), min(id), pg_database_size(current_database())"
            " FROM petitions_petition"
        )
        cases, newest, oldest, size = cursor.fetchone() or (0, 0, 0, 0)
        cursor.execute("SELECT text FROM petitions_petition WHERE text LIKE '%%店旁边。' LIMIT 1")
        found = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM petitions_event")
        events = (cursor.fetchone() or (0,))[0]
    line.close()
    return {
        "cases": cases,
        "events": events,
        "megabytes": round(size / 2**20),
        "deep": (newest + oldest) // 2,
        "rare": found[0][-6:-4] if found else "井盖",
    }
