"""Limits fire exactly once, or not at all, whatever dies meanwhile: bar 1.

Cases whose first limit ends within the next minute; half of them are closed by other processes at
just that time; three sweepers are killed again and again, the database twice, and the broker is
away half the time. Then all of it once more at one instant: every sweeper at once, in the workers
and beside them.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.chaos import checks, faults
from tests.chaos.closing_load import Closing, close_all
from tests.chaos.cluster import Rig
from tests.chaos.results import Outcome, percentile
from tests.chaos.server_processes import Fork

PLACE, TEXT = "阜兴花苑46号楼", "演练：自来水浑浊"
VERBS = ("withdraw", "decline", "accept")
LATEST = 5.0  # seconds, p99, after recovery
FIRST = 4.0  # seconds until the first limit ends

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
TOLD = "UPDATE petitions_outbox SET done_at = clock_timestamp() WHERE done_at IS NULL"
# How each limit ended, by the commits of its own rows and of those that tell of it.
ENDS = """
    SELECT d.petition_id, d.state, extract(epoch FROM d.due_at), told.at,
        (SELECT count(*) FROM petitions_escalation e WHERE e.deadline_id = d.id), told.times
    FROM petitions_deadline d, LATERAL (
        SELECT count(*) AS times, extract(epoch FROM min(pg_xact_commit_timestamp(v.xmin))) AS at
        FROM petitions_event v WHERE v.petition_id = d.petition_id AND v.verb = 'escalate'
            AND v.actor = 'clock' AND v.data ->> 'deadline' = 'contact') told
    WHERE d.petition_id = ANY(%s) AND d.kind = 'contact'"""


@dataclass
class Field:
    """The cases of one phase: when their limits end, which are to be closed, and by whom."""

    due: dict[int, float]
    plan: list[Closing] = field(default_factory=list)
    busy: list[Fork] = field(default_factory=list)
    notes: list[Path] = field(default_factory=list)

    @property
    def cases(self) -> list[int]:
        """Their numbers."""
        return list(self.due)

    def said(self) -> list[dict[str, Any]]:
        """Return what the closers were told."""
        return [json.loads(line) for note in self.notes for line in note.read_text().splitlines()]


def run(scale: float) -> Outcome:
    """Run both phases and judge."""
    out = Outcome("limits", scale)
    workers = 3 if scale >= 0.5 else 2
    with Rig("limits", webs=0, workers=workers, beats=2, is_timed=scale >= 1) as rig:
        be_quick(rig)
        play(rig, out, scale)
        out.verdict(checks.over_everything(rig))
    return out


def play(rig: Rig, out: Outcome, scale: float) -> None:
    """Let limits end under faults, then all at once; starts the rig once the cases are filed."""
    count, chance = max(60, round(2000 * scale)), random.Random(7)
    with out.phase("filing", longest=400):  # before any fault
        cases = file_cases(count)
        rig.rows(TOLD)  # what this filling owes would be the load of an hour
        crowd = file_cases(max(20, count // 5))
    with out.phase("starting"):
        rig.start()
        await_workers(rig)
    with out.phase("under faults"):
        lasting = max(6.0, 85 * min(1.0, scale))
        ground = spread(rig, cases, FIRST, lasting)
        _plan(ground, chance, (-4.0, 0.3))
        _close(rig, ground)
        script = _faults(rig, lasting, scale, chance)
    with out.phase("settling"):
        took = settle(rig, ground)
    _judge(out, rig, ground, script, scale)
    out.figures["announced within, s"] = took
    with out.phase("all at once"):
        ground = spread(rig, crowd, 2.0, 0.5)
        _plan(ground, chance, (-1.0, 1.0))
        _close(rig, ground)
        _sweep_beside(rig, ground)
        rig.tend_until(lambda: not any(fork.is_alive() for fork in ground.busy), 60)
        settle(rig, ground)
    judge_ends(out, "at once: ", rig, ground)


def be_quick(rig: Rig) -> None:
    """Let every standard allow an hour of the clock: no limit but those moved here ends."""
    rig.rows(
        """UPDATE petitions_standard SET is_round_the_clock = true, contact_within = '1 hour',
        resolve_within = '2 hours', answer_within = '1 hour', confirm_within = '1 day'"""
    )


def file_cases(count: int) -> list[int]:
    """File through the workflow, as a page would."""
    import django

    django.setup()
    from django.utils import timezone

    from grids.models import Area
    from petitions.enums import Channel
    from petitions.permissions import Petitioner
    from petitions.rules import catalogue
    from petitions.workflow import Report, submit

    report = Report(
        place=Area.objects.get(full_name__endswith=PLACE),
        category=next(row for row in catalogue.reportable_categories() if row.code == "WS01"),
        text=TEXT,
        channel=Channel.WEB,
        notice_version="-",
    )
    nobody = Petitioner(0)
    return [
        submit(report=report, by=nobody, now=timezone.now()).petition.pk for _number in range(count)
    ]


def spread(rig: Rig, cases: list[int], first: float, lasting: float) -> Field:
    """Move the ends of the limits into the next seconds."""
    found = rig.rows(SPREAD, first, lasting, cases)
    return Field({case: float(due) for case, due in found})


def _plan(ground: Field, chance: random.Random, around: tuple[float, float]) -> None:
    """Let half of the cases be closed at about the time when their limits end."""
    for case, due in ground.due.items():
        if chance.random() < 0.5:
            at = due + chance.uniform(*around)
            ground.plan.append(Closing(case, at, chance.choice(VERBS)))
    ground.plan.sort(key=lambda act: act.at)


def await_workers(rig: Rig) -> None:
    """Wait until the workers let a limit fire."""
    canary = file_cases(1)
    spread(rig, canary, 0, 0)
    waiting = "SELECT count(*) FROM petitions_escalation WHERE petition_id = %s"
    if not rig.tend_until(lambda: rig.one(waiting, canary[0]) == 1, 90):
        raise RuntimeError("the workers do not sweep")


def _close(rig: Rig, ground: Field) -> None:
    """Start two people who close."""
    for number in (0, 1):
        note = rig.at.var / f"closed-{len(rig.forks)}.jsonl"
        mine = ground.plan[number::2]
        ground.busy.append(rig.fork(partial(close_all, mine, note)))
        ground.notes.append(note)


def _faults(rig: Rig, lasting: float, scale: float, chance: random.Random) -> faults.Script:
    """Kill and stop while limits end."""
    until = time.monotonic() + FIRST + lasting
    script = faults.Script(rig, chance)
    kills, drops = max(2, round(20 * scale)), max(1, round(2 * scale))
    script.spread("worker", kills, lasting, script.kill_worker, after=1.0)
    script.spread("database", drops, lasting, script.kill_database, after=lasting * 0.2)
    script.halve("broker", lasting, 3.0 if scale < 0.5 else 7.0)
    while time.monotonic() < until:
        script.step()
    script.finish()
    return script


def settle(rig: Rig, ground: Field) -> float:
    """Let the system catch up by itself; return how long the last announcement took."""
    waiting = (
        "SELECT count(*) FROM petitions_deadline WHERE petition_id = ANY(%s)"
        " AND state = 'open' AND kind = 'contact'"
    )
    rig.tend_until(lambda: rig.one(waiting, ground.cases) == 0, 30)
    rig.tend_until(lambda: not any(fork.is_alive() for fork in ground.busy), 20)
    owed = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
    began = time.monotonic()
    rig.tend_until(lambda: rig.one(owed) == 0, 60)
    return round(time.monotonic() - began, 1)


def _judge(out: Outcome, rig: Rig, ground: Field, script: faults.Script, scale: float) -> None:
    """Hold what became of the limits, and the faults themselves, against the bar."""
    rows = judge_ends(out, "", rig, ground)
    out.at_least("limits", len(rows), max(60, round(2000 * scale)))
    closed = [row for row in rows if row[1] in {"met", "cancelled"}]
    out.at_least("ended by closings", len(closed), round(len(rows) * 0.4))
    out.at_least("worker kills", script.done["worker"], max(2, round(20 * scale)))
    out.at_least("database kills", script.done["database"], max(1, round(2 * scale)))
    out.at_least("share of time without broker", script.share("broker"), 0.4)
    late = [script.lateness(float(row[2]), float(row[3])) for row in rows if row[3]]
    if scale >= 1:
        out.at_most("p99 lateness after recovery, s", round(percentile(late, 0.99), 2), LATEST)
    acted = {act["case"] for act in ground.said() if act["did"] == "done"}
    fired = {row[0] for row in rows if row[1] == "fired"}
    out.at_least("closings answered", len(ground.said()), len(ground.plan))
    out.figures |= {
        "lateness p50, p99, max": [round(percentile(late, at), 2) for at in (0.5, 0.99, 1.0)],
        "fired, closed": [len(fired), len(closed)],
        "closed after it had fired": len(acted & fired),
        "outages": {
            name: [round(end - start, 1) for start, end in spans]
            for name, spans in script.outages.items()
        },
        "orphans of killed workers after 2 s": script.orphans,
    }


def judge_ends(out: Outcome, when: str, rig: Rig, ground: Field) -> list[tuple[Any, ...]]:
    """Hold how each limit ended against what was promised."""
    rows = rig.rows(ENDS, ground.cases)
    fired = [row for row in rows if row[1] == "fired"]
    others = [row for row in rows if row[1] in {"met", "cancelled"}]
    out.at_most(f"{when}missed", sum(row[1] == "open" for row in rows))
    out.at_most(f"{when}fired without escalation", sum(row[4] != 1 or not row[5] for row in fired))
    out.at_most(f"{when}doubled", sum(row[4] > 1 or row[5] > 1 for row in rows))
    out.at_most(f"{when}early", sum(row[3] is not None and row[3] < row[2] for row in rows))
    out.at_most(f"{when}fired after cancel", sum(bool(row[4] or row[5]) for row in others))
    return rows


def _sweep_beside(rig: Rig, ground: Field) -> None:
    """Sweep without pause and without a broker, three times over, beside the workers."""
    until = max(ground.due.values()) + 2

    def sweep() -> None:
        from petitions.ops import scheduled_tasks

        while time.time() < until:
            scheduled_tasks.sweep_deadlines()

    ground.busy += [rig.fork(sweep) for _number in range(3)]
