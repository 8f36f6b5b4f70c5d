"""Whoever was told that a report is filed finds it filed, whatever dies meanwhile: bar 2.

Residents and partner systems report with photos while web servers, workers, the database and the
broker are killed. Nothing acked is lost, refusals are honest, and the system is back by itself.
"""

from __future__ import annotations

import itertools
import random
import threading
import time

from tests.chaos import checks, faults
from tests.chaos.clients import Client, Ledger, by_api, by_page
from tests.chaos.cluster import Rig
from tests.chaos.results import Outcome, percentile

PLACE, CATEGORY = "阜兴花苑46号楼", "WS01"
LONGEST_AWAY = 5.0  # seconds after a database kill until the next report is filed
PAGES_SHARE = 3  # every third client is a resident on the pages
CLIENTS = 8


def run(scale: float) -> Outcome:
    """File under faults, in shares of a few hundred, and judge."""
    out = Outcome("reports", scale)
    with Rig("reports", webs=2, workers=2, beats=2, is_timed=scale >= 1) as rig:
        rig.start()
        play(rig, out, scale, shares=max(1, round(6 * scale)))
        out.verdict(checks.over_everything(rig))
    return out


def play(rig: Rig, out: Outcome, scale: float, *, shares: int) -> None:
    """File under faults and hold everything that was told against the database."""
    ledger = Ledger()
    wanted = max(40, round(2000 * scale))
    kills, drops = max(2, round(20 * scale)), max(1, round(3 * scale))
    scripts = []
    load = Load(rig, ledger)
    for number in range(shares):
        with out.phase(f"reports under faults {number + 1}"):
            script = faults.Script(rig, random.Random(number))
            scripts.append(script)
            lasting = max(8.0, 120 * min(1.0, scale) / shares)
            for name, count, act in (
                ("web", kills, script.kill_web),
                ("worker", kills, script.kill_worker),
                ("database", drops, script.kill_database),
                ("broker", drops, script.kill_broker),
            ):
                mine = (count * (number + 1)) // shares - (count * number) // shares
                script.spread(name, mine, lasting, act, after=1.0)
            press(load, script, wanted * (number + 1) // shares)
    _settle(rig)
    judge(out, rig, ledger, scripts)
    out.at_least("reports acked", len(ledger.acked), wanted)
    for name, count in (("web", kills), ("worker", kills), ("database", drops), ("broker", drops)):
        out.at_least(f"{name} kills", sum(script.done[name] for script in scripts), count)


class Load:
    """Clients that report one after another until told to stop."""

    def __init__(self, rig: Rig, ledger: Ledger) -> None:
        self.ledger = ledger
        self.ports = [web.port for web in rig.webs]
        self.place, self.category, self.token = _ground(rig)
        self.numbers = itertools.count()
        self.stop = threading.Event()  # whoever has begun goes on, but not for ever
        self.enough = threading.Event()

    def begin(self) -> list[threading.Thread]:
        """Start the clients."""
        self.stop.clear()
        self.enough.clear()
        threads = [threading.Thread(target=self._go_on, daemon=True) for _n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _go_on(self) -> None:
        while not self.enough.is_set():
            if next(self.numbers) % PAGES_SHARE == 0:
                client = Client(self.ports, self.ledger, "page")
                by_page(client, self.place, self.category, self.stop)
            else:
                client = Client(self.ports, self.ledger, "api")
                body = {"place": self.place, "category": CATEGORY, "text": f"演练 {client.key}"}
                by_api(client, self.token, body, self.stop)


def _ground(rig: Rig) -> tuple[int, int, str]:
    """Return a place, a category, and the token of a partner system."""
    import django

    django.setup()
    from django.db import connection

    from members import workflow
    from members.models import User

    connection.close()
    token = workflow.issue_token(user=User.objects.get(username="partner"), days=1, by=None)
    connection.close()
    place = rig.one("SELECT id FROM grids_area WHERE full_name LIKE %s", f"%{PLACE}")
    return place, rig.one("SELECT id FROM petitions_category WHERE code = %s", CATEGORY), token


def press(load: Load, script: faults.Script, wanted: int) -> None:
    """Let the clients report until there are enough and every fault has happened."""
    clients = load.begin()
    try:
        while script.waiting or len(load.ledger.acked) < wanted:
            script.step()
        load.enough.set()
        script.finish()
        until = time.monotonic() + 20
        while any(client.is_alive() for client in clients) and time.monotonic() < until:
            script.step()
    finally:
        load.enough.set()
        load.stop.set()


def _settle(rig: Rig) -> None:
    """Give the workers the time that they have been promised to have."""
    owed = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
    rig.tend_until(lambda: rig.one(owed) == 0, 60)


def judge(out: Outcome, rig: Rig, ledger: Ledger, scripts: list[faults.Script]) -> None:
    out.verdict(checks.of_acked(rig, ledger.acked))
    out.at_most("answers neither right nor honest", len(ledger.dishonest))
    down = [one for script in scripts for one in script.web_down]
    odd = [
        one
        for one in ledger.breaks
        if not any(each.explains(one.port, one.start, one.end) for each in down)
    ]
    kills = [start for script in scripts for start, _end in script.outages["database"]]
    away = [ledger.first_after(start) - start for start in kills]
    if rig.is_timed:
        out.at_most("longest without filing after a database kill, s", max(away), LONGEST_AWAY)
    taken = [end - start for start, end in ledger.filed]
    out.figures |= {
        "told": dict(sorted(ledger.told.items())),
        "connections broken by kills": len(ledger.breaks) - len(odd),
        "without filing after each database kill": [round(one, 2) for one in away],
        "filed in, p50 and p99": [round(percentile(taken, at), 2) for at in (0.5, 0.99)],
        "orphans of killed workers": sum(script.orphans for script in scripts),
    }
    if ledger.dishonest:
        out.figures["not honest"] = sorted(set(ledger.dishonest))[:20]
    if odd:
        out.figures["broken"] = [
            f"{one.what} after {one.end - one.start:.1f} s" for one in odd[:10]
        ]
