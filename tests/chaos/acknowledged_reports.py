"""Acknowledged reports are stored, whatever process is killed meanwhile.

Residents and API clients file reports with photos while web servers, workers, the database and the
broker are killed. No acknowledged report may be lost, refusals must be correct, and the system must
recover by itself.
"""

from __future__ import annotations

import itertools
import random
import threading
import time

from tests.chaos import checks, faults
from tests.chaos.cluster import Cluster
from tests.chaos.report_clients import Client, ReportLog, by_api, by_page
from tests.chaos.results import ChaosResult, percentile

PLACE, CATEGORY = "阜兴花苑46号楼", "WS01"
LONGEST_AWAY = 5.0  # seconds after a database kill until the next report is filed
PAGES_SHARE = 3  # every third client is a resident on the pages
CLIENTS = 8


def run(scale: float) -> ChaosResult:
    """File under faults, in shares of a few hundred, and judge."""
    result = ChaosResult("acknowledged_reports", scale)
    with Cluster(
        "acknowledged_reports", webs=2, workers=2, beats=2, is_timed=scale >= 1
    ) as cluster:
        cluster.start()
        exercise(cluster, result, scale, shares=max(1, round(6 * scale)))
        result.expect_zero(checks.all_checks(cluster))
    return result


def exercise(cluster: Cluster, result: ChaosResult, scale: float, *, shares: int) -> None:
    """File under faults and hold everything that was told against the database."""
    report_log = ReportLog()
    wanted = max(40, round(2000 * scale))
    kills, drops = max(2, round(20 * scale)), max(1, round(3 * scale))
    scripts = []
    load = Load(cluster, report_log)
    for number in range(shares):
        with result.phase(f"reports under faults {number + 1}"):
            script = faults.FaultScript(cluster, random.Random(number))
            scripts.append(script)
            duration = max(8.0, 120 * min(1.0, scale) / shares)
            for name, count, action in (
                ("web", kills, script.kill_web),
                ("worker", kills, script.kill_worker),
                ("database", drops, script.kill_database),
                ("broker", drops, script.kill_broker),
            ):
                mine = (count * (number + 1)) // shares - (count * number) // shares
                script.schedule(name, mine, duration, action, after=1.0)
            run_load(load, script, wanted * (number + 1) // shares)
    _settle(cluster)
    judge(result, cluster, report_log, scripts)
    result.at_least("reports acked", len(report_log.acked), wanted)
    for name, count in (("web", kills), ("worker", kills), ("database", drops), ("broker", drops)):
        result.at_least(f"{name} kills", sum(script.counts[name] for script in scripts), count)


class Load:
    """Clients that report one after another until told to stop."""

    def __init__(self, cluster: Cluster, report_log: ReportLog) -> None:
        self.report_log = report_log
        self.ports = [web.port for web in cluster.webs]
        self.place, self.category, self.token = _fixtures(cluster)
        self.numbers = itertools.count()
        self.stop = threading.Event()  # set when unfinished requests must end
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
                client = Client(self.ports, self.report_log, "page")
                by_page(client, self.place, self.category, self.stop)
            else:
                client = Client(self.ports, self.report_log, "api")
                body = {"place": self.place, "category": CATEGORY, "text": f"演练 {client.key}"}
                by_api(client, self.token, body, self.stop)


def _fixtures(cluster: Cluster) -> tuple[int, int, str]:
    """Return a place, a category, and the token of a partner system."""
    import django

    django.setup()
    from django.db import connection

    from members import workflow
    from members.models import User

    connection.close()
    token = workflow.issue_token(user=User.objects.get(username="partner"), days=1, by=None)
    connection.close()
    place = cluster.scalar("SELECT id FROM grids_area WHERE full_name LIKE %s", f"%{PLACE}")
    return (
        place,
        cluster.scalar("SELECT id FROM petitions_category WHERE code = %s", CATEGORY),
        token,
    )


def run_load(load: Load, script: faults.FaultScript, wanted: int) -> None:
    """Let the clients report until there are enough and every fault has happened."""
    clients = load.begin()
    try:
        while script.pending or len(load.report_log.acked) < wanted:
            script.run_due()
        load.enough.set()
        script.finish()
        until = time.monotonic() + 20
        while any(client.is_alive() for client in clients) and time.monotonic() < until:
            script.run_due()
    finally:
        load.enough.set()
        load.stop.set()


def _settle(cluster: Cluster) -> None:
    """Give the workers the time that they have been promised to have."""
    owed = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
    cluster.wait_until(lambda: cluster.scalar(owed) == 0, 60)


def judge(
    result: ChaosResult, cluster: Cluster, report_log: ReportLog, scripts: list[faults.FaultScript]
) -> None:
    result.expect_zero(checks.of_acknowledged(cluster, report_log.acked))
    result.at_most("responses_by_key neither right nor honest", len(report_log.wrong_refusals))
    down = [one for script in scripts for one in script.web_outages]
    odd = [
        one
        for one in report_log.disconnects
        if not any(each.explains(one.port, one.start, one.end) for each in down)
    ]
    kills = [start for script in scripts for start, _end in script.outages["database"]]
    away = [report_log.first_after(start) - start for start in kills]
    if cluster.is_timed:
        result.at_most("longest without filing after a database kill, s", max(away), LONGEST_AWAY)
    taken = [end - start for start, end in report_log.filed]
    result.figures |= {
        "told": dict(sorted(report_log.told.items())),
        "connections broken by kills": len(report_log.disconnects) - len(odd),
        "without filing after each database kill": [round(one, 2) for one in away],
        "filed in, p50 and p99": [round(percentile(taken, at), 2) for at in (0.5, 0.99)],
        "orphans of killed workers": sum(script.orphans for script in scripts),
    }
    if report_log.wrong_refusals:
        result.figures["not honest"] = sorted(set(report_log.wrong_refusals))[:20]
    if odd:
        result.figures["broken"] = [
            f"{one.what} after {one.end - one.start:.1f} s" for one in odd[:10]
        ]
