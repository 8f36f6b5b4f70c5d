"""Deadlines expire exactly once, or not at all when met, while processes are killed.

The first deadline of many cases passes within the next minute; half of the cases are closed by
other processes at that moment. Workers are killed repeatedly, the database twice, and the broker is
unavailable half of the time. Then all deadlines pass at one instant, with additional sweepers.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.chaos import checks, faults
from tests.chaos.closing_load import Closing, close_all
from tests.chaos.cluster import Cluster
from tests.chaos.results import ChaosResult, percentile
from tests.chaos.server_processes import ForkedTask

PLACE, TEXT = "阜兴花苑46号楼", "演练：自来水浑浊"
VERBS = ("withdraw", "decline", "accept")
LATEST = 5.0  # seconds, p99, after recovery
FIRST = 4.0  # seconds until the first deadline

SPREAD = """
    WITH ends AS (
        SELECT d.id, d.petition_id,
            greatest(clock_timestamp(), d.started_at) + %s * interval '1 second'
                + random() * %s * interval '1 second' AS due_at
        FROM petitions_deadline d WHERE d.petition_id = ANY(%s) AND d.kind = 'contact'
    ), moved AS (
        UPDATE petitions_deadline d SET due_at = e.due_at,
            remind_at = CASE WHEN d.id %% 10 = 0 THEN e.due_at - interval '2 seconds'
                ELSE e.due_at END
        FROM ends e WHERE e.id = d.id RETURNING d.petition_id, d.due_at, d.remind_at
    )
    UPDATE petitions_petition p SET due_at = m.due_at, soon_at = m.remind_at
    FROM moved m WHERE m.petition_id = p.id RETURNING p.id, extract(epoch FROM m.due_at)"""
CLEAR_OUTBOX = "UPDATE petitions_outbox SET done_at = clock_timestamp() WHERE done_at IS NULL"
# How each deadline ended, by the commit timestamps of its rows.
OUTCOMES = """
    SELECT d.petition_id, d.state, extract(epoch FROM d.due_at), told.at,
        (SELECT count(*) FROM petitions_escalation e WHERE e.deadline_id = d.id), told.times
    FROM petitions_deadline d, LATERAL (
        SELECT count(*) AS times, extract(epoch FROM min(pg_xact_commit_timestamp(v.xmin))) AS at
        FROM petitions_event v WHERE v.petition_id = d.petition_id AND v.verb = 'escalate'
            AND v.actor = 'clock' AND v.data ->> 'deadline' = 'contact') told
    WHERE d.petition_id = ANY(%s) AND d.kind = 'contact'"""


@dataclass
class DeadlineSet:
    """The cases of one phase: their deadlines, the planned closings, and the closing processes."""

    due: dict[int, float]
    plan: list[Closing] = field(default_factory=list)
    tasks: list[ForkedTask] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)

    @property
    def cases(self) -> list[int]:
        """The ids of the cases."""
        return list(self.due)

    def logged(self) -> list[dict[str, Any]]:
        """Return the logged outcomes of the closings."""
        return [json.loads(line) for log in self.logs for line in log.read_text().splitlines()]


def run(scale: float) -> ChaosResult:
    """Run both phases and check."""
    result = ChaosResult("deadlines", scale)
    workers = 3 if scale >= 0.5 else 2
    with Cluster("deadlines", webs=0, workers=workers, beats=2, is_timed=scale >= 1) as cluster:
        shorten_standards(cluster)
        exercise(cluster, result, scale)
        result.expect_zero(checks.all_checks(cluster))
    return result


def exercise(cluster: Cluster, result: ChaosResult, scale: float) -> None:
    """Let deadlines pass under faults, then all at once; start the cluster after filing."""
    count, rng = max(60, round(2000 * scale)), random.Random(7)
    with result.phase("filing", longest=400):  # before any fault
        cases = submit_cases(count)
        cluster.rows(CLEAR_OUTBOX)  # these notifications would load the workers for long
        crowd = submit_cases(max(20, count // 5))
    with result.phase("starting"):
        cluster.start()
        wait_for_workers(cluster)
    with result.phase("under faults"):
        duration = max(6.0, 85 * min(1.0, scale))
        deadline_set = spread_deadlines(cluster, cases, FIRST, duration)
        _plan(deadline_set, rng, (-4.0, 0.3))
        _close(cluster, deadline_set)
        script = _faults(cluster, duration, scale, rng)
    with result.phase("settling"):
        took = settle(cluster, deadline_set)
    _judge(result, cluster, deadline_set, script, scale)
    result.figures["announced within, s"] = took
    with result.phase("all at once"):
        deadline_set = spread_deadlines(cluster, crowd, 2.0, 0.5)
        _plan(deadline_set, rng, (-1.0, 1.0))
        _close(cluster, deadline_set)
        _sweep_beside(cluster, deadline_set)
        cluster.wait_until(lambda: not any(fork.is_alive() for fork in deadline_set.tasks), 60)
        settle(cluster, deadline_set)
    judge_outcomes(result, "at once: ", cluster, deadline_set)


def shorten_standards(cluster: Cluster) -> None:
    """Set all standards to hours, so that only the deadlines moved here pass."""
    cluster.rows(
        """UPDATE petitions_standard SET is_round_the_clock = true, contact_within = '1 hour',
        resolve_within = '2 hours', answer_within = '1 hour', confirm_within = '1 day'"""
    )


def submit_cases(count: int) -> list[int]:
    """File cases through the workflow; return their ids."""
    import django

    django.setup()
    from django.utils import timezone

    from grids.models import Area
    from petitions.actors import Petitioner
    from petitions.enums import Channel
    from petitions.rules import catalogue
    from petitions.workflow.submission import Report, submit

    report = Report(
        place=Area.objects.get(full_name__endswith=PLACE),
        category=next(row for row in catalogue.reportable_categories() if row.code == "WS01"),
        text=TEXT,
        channel=Channel.WEB,
        notice_version="-",
    )
    resident = Petitioner(0)
    reports = (replace(report, case_uuid=uuid.uuid4()) for _number in range(count))
    return [submit(report=each, by=resident, now=timezone.now()).petition.pk for each in reports]


def spread_deadlines(
    cluster: Cluster, cases: list[int], first: float, duration: float
) -> DeadlineSet:
    """Move the first deadline of the cases into the next seconds."""
    found = cluster.rows(SPREAD, first, duration, cases)
    return DeadlineSet({case: float(due) for case, due in found})


def _plan(deadline_set: DeadlineSet, rng: random.Random, around: tuple[float, float]) -> None:
    """Plan to close half of the cases at about the time of their deadline."""
    for case, due in deadline_set.due.items():
        if rng.random() < 0.5:
            at = due + rng.uniform(*around)
            deadline_set.plan.append(Closing(case, at, rng.choice(VERBS)))
    deadline_set.plan.sort(key=lambda closing: closing.at)


def wait_for_workers(cluster: Cluster) -> None:
    """Wait until the workers sweep deadlines."""
    canary = submit_cases(1)
    spread_deadlines(cluster, canary, 0, 0)
    waiting = "SELECT count(*) FROM petitions_escalation WHERE petition_id = %s"
    if not cluster.wait_until(lambda: cluster.scalar(waiting, canary[0]) == 1, 90):
        raise RuntimeError("the workers do not sweep")


def _close(cluster: Cluster, deadline_set: DeadlineSet) -> None:
    """Start two processes that close cases."""
    for number in (0, 1):
        log = cluster.at.var / f"closed-{len(cluster.forks)}.jsonl"
        mine = deadline_set.plan[number::2]
        deadline_set.tasks.append(cluster.fork(partial(close_all, mine, log)))
        deadline_set.logs.append(log)


def _faults(
    cluster: Cluster, duration: float, scale: float, rng: random.Random
) -> faults.FaultScript:
    """Inject faults while deadlines pass."""
    until = time.monotonic() + FIRST + duration
    script = faults.FaultScript(cluster, rng)
    kills, drops = max(2, round(20 * scale)), max(1, round(2 * scale))
    script.schedule("worker", kills, duration, script.kill_worker, after=1.0)
    script.schedule("database", drops, duration, script.kill_database, after=duration * 0.2)
    script.schedule_broker_outages("broker", duration, 3.0 if scale < 0.5 else 7.0)
    while time.monotonic() < until:
        script.run_due()
    script.finish()
    return script


def settle(cluster: Cluster, deadline_set: DeadlineSet) -> float:
    """Wait until the system has caught up; return the seconds until the outbox was empty."""
    waiting = (
        "SELECT count(*) FROM petitions_deadline WHERE petition_id = ANY(%s)"
        " AND state = 'open' AND kind = 'contact'"
    )
    cluster.wait_until(lambda: cluster.scalar(waiting, deadline_set.cases) == 0, 30)
    cluster.wait_until(lambda: not any(fork.is_alive() for fork in deadline_set.tasks), 20)
    owed = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
    began = time.monotonic()
    cluster.wait_until(lambda: cluster.scalar(owed) == 0, 60)
    return round(time.monotonic() - began, 1)


def _judge(
    result: ChaosResult,
    cluster: Cluster,
    deadline_set: DeadlineSet,
    script: faults.FaultScript,
    scale: float,
) -> None:
    """Check the outcomes of the deadlines, and that the faults were real."""
    rows = judge_outcomes(result, "", cluster, deadline_set)
    result.at_least("deadlines", len(rows), max(60, round(2000 * scale)))
    closed = [row for row in rows if row[1] in {"met", "cancelled"}]
    result.at_least("ended by closings", len(closed), round(len(rows) * 0.4))
    result.at_least("worker kills", script.counts["worker"], max(2, round(20 * scale)))
    result.at_least("database kills", script.counts["database"], max(1, round(2 * scale)))
    result.at_least("share of time without broker", script.share("broker"), 0.4)
    late = [script.lateness(float(row[2]), float(row[3])) for row in rows if row[3]]
    if scale >= 1:
        result.at_most("p99 lateness after recovery, s", round(percentile(late, 0.99), 2), LATEST)
    acted = {closing["case"] for closing in deadline_set.logged() if closing["did"] == "done"}
    fired = {row[0] for row in rows if row[1] == "fired"}
    result.at_least("closings answered", len(deadline_set.logged()), len(deadline_set.plan))
    result.figures |= {
        "lateness p50, p99, max": [round(percentile(late, at), 2) for at in (0.5, 0.99, 1.0)],
        "fired, closed": [len(fired), len(closed)],
        "closed after it had fired": len(acted & fired),
        "outages": {
            name: [round(end - start, 1) for start, end in spans]
            for name, spans in script.outages.items()
        },
        "orphans of killed workers after 2 s": script.orphans,
    }


def judge_outcomes(
    result: ChaosResult, when: str, cluster: Cluster, deadline_set: DeadlineSet
) -> list[tuple[Any, ...]]:
    """Check how each deadline ended."""
    rows = cluster.rows(OUTCOMES, deadline_set.cases)
    fired = [row for row in rows if row[1] == "fired"]
    others = [row for row in rows if row[1] in {"met", "cancelled"}]
    result.at_most(f"{when}missed", sum(row[1] == "open" for row in rows))
    result.at_most(
        f"{when}fired without escalation", sum(row[4] != 1 or not row[5] for row in fired)
    )
    result.at_most(f"{when}doubled", sum(row[4] > 1 or row[5] > 1 for row in rows))
    result.at_most(f"{when}early", sum(row[3] is not None and row[3] < row[2] for row in rows))
    result.at_most(f"{when}fired after cancel", sum(bool(row[4] or row[5]) for row in others))
    return rows


def _sweep_beside(cluster: Cluster, deadline_set: DeadlineSet) -> None:
    """Sweep continuously in three additional processes, without the broker."""
    until = max(deadline_set.due.values()) + 2

    def sweep() -> None:
        from petitions.ops import scheduled_tasks

        while time.time() < until:
            scheduled_tasks.sweep_deadlines()

    deadline_set.tasks += [cluster.fork(sweep) for _number in range(3)]
