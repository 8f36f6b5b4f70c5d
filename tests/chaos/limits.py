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
from typing import Any

from tests.chaos import faults, verdict
from tests.chaos.outcome import Outcome, percentile
from tests.chaos.rig import Rig

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
    """The cases of one phase: when their limits end, and which are to be closed."""

    due: dict[int, float]
    plans: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def cases(self) -> list[int]:
        """Their numbers."""
        return list(self.due)


def run(scale: float) -> Outcome:
    """Run both phases and judge."""
    out = Outcome("limits", scale)
    count = max(60, round(2000 * scale))
    chance = random.Random(7)
    with Rig("limits", webs=0, workers=3 if scale >= 0.5 else 2, beats=2) as rig:
        with out.phase("filing"):
            _be_quick(rig)
            cases = _file(count)
            crowd = _file(max(30, count // 5))
        with out.phase("starting"):
            rig.start()
            _await_workers(rig)
        with out.phase("under faults"):
            lasting = max(8.0, 75 * min(1.0, scale))
            ground = _spread(rig, cases, FIRST, lasting)
            _plan(ground, chance, (-4.0, 0.3))
            script, closing = _faults(rig, ground, lasting, scale, chance)
        with out.phase("settling"):
            told = _settle(rig, ground, script, closing)
        _judge(out, rig, ground, told, scale)
        with out.phase("all at once"):
            ground = _spread(rig, crowd, FIRST, 0.5)
            _plan(ground, chance, (-1.0, 1.0))
            _rush(rig, ground)
        _judge_ends(out, "at once: ", rig, ground)
        out.verdict(verdict.over_everything(rig))
    return out


def _be_quick(rig: Rig) -> None:
    """Let every standard allow an hour of the clock: no limit but those moved here ends."""
    rig.rows(
        """UPDATE petitions_standard SET is_round_the_clock = true, contact_within = '1 hour',
        resolve_within = '2 hours', answer_within = '1 hour', confirm_within = '1 day'"""
    )


def _file(count: int) -> list[int]:
    """File through the workflow, as a page would."""
    import django

    django.setup()
    from django.utils import timezone

    from grids.models import Area
    from petitions import catalogue
    from petitions.enums import Channel
    from petitions.permissions import Petitioner
    from petitions.workflow import Report, file

    report = Report(
        place=Area.objects.get(full_name__endswith=PLACE),
        category=next(row for row in catalogue.fileable() if row.code == "WS01"),
        text=TEXT,
        channel=Channel.WEB,
        notice_version="-",
    )
    nobody = Petitioner(0)
    return [
        file(report=report, by=nobody, now=timezone.now()).petition.pk for _number in range(count)
    ]


def _spread(rig: Rig, cases: list[int], first: float, lasting: float) -> Field:
    """Move the ends of the limits into the next seconds."""
    return Field(dict(rig.rows(SPREAD, first, lasting, cases)))


def _plan(ground: Field, chance: random.Random, around: tuple[float, float]) -> None:
    """Let half of the cases be closed at about the time when their limits end, by two people."""
    acts = [
        {"case": case, "at": float(due) + chance.uniform(*around), "verb": chance.choice(VERBS)}
        for case, due in ground.due.items()
        if chance.random() < 0.5
    ]
    acts.sort(key=lambda act: act["at"])
    ground.plans = [acts[::2], acts[1::2]]


def _await_workers(rig: Rig) -> None:
    """Wait until the workers have swept what was due in the sample."""
    waiting = "SELECT count(*) FROM petitions_deadline WHERE state = 'open' AND due_at < now()"
    if not rig.tend_until(lambda: rig.one(waiting) == 0, 60):
        raise RuntimeError("the workers do not sweep")


def _close(rig: Rig, ground: Field) -> list[Any]:
    """Start those who close."""
    started = []
    for plan in ground.plans:
        number = len(rig.kind("closing"))
        wanted, done = (rig.at.var / f"{word}-{number}.jsonl" for word in ("plan", "done"))
        wanted.write_text("".join(f"{json.dumps(act)}\n" for act in plan))
        part = rig.add("closing", ["tests.chaos.closing", str(wanted), str(done)])
        part.is_lasting = False
        started.append((part, done))
    return started


def _faults(
    rig: Rig, ground: Field, lasting: float, scale: float, chance: random.Random
) -> tuple[faults.Script, list[Any]]:
    """Kill and stop while limits end; return what was done."""
    closing = _close(rig, ground)
    until = time.monotonic() + FIRST + lasting
    script = faults.Script(rig, chance)
    kills, drops = max(2, round(20 * scale)), max(1, round(2 * scale))
    script.spread("worker", kills, lasting, script.kill_worker, after=1.0)
    script.spread("database", drops, lasting, script.kill_database, after=lasting * 0.2)
    script.halve("broker", lasting, 4.0 if scale < 0.5 else 7.0)
    while time.monotonic() < until:
        script.step()
    script.finish()
    return script, closing


def _settle(rig: Rig, ground: Field, script: faults.Script, closing: list[Any]) -> dict[str, Any]:
    """Let the system catch up by itself; return what was told by whom."""
    waiting = (
        "SELECT count(*) FROM petitions_deadline WHERE petition_id = ANY(%s)"
        " AND state = 'open' AND kind = 'contact'"
    )
    rig.tend_until(lambda: rig.one(waiting, ground.cases) == 0, 30)
    rig.tend_until(lambda: not any(part.is_alive() for part, _done in closing), 20)
    owed = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"
    began = time.monotonic()
    rig.tend_until(lambda: rig.one(owed) == 0, 60)
    said = [json.loads(line) for _part, done in closing for line in done.read_text().splitlines()]
    return {
        "script": script,
        "said": said,
        "told all": round(time.monotonic() - began, 1),
        "orphans": script.orphans,
    }


def _judge(out: Outcome, rig: Rig, ground: Field, told: dict[str, Any], scale: float) -> None:
    """Hold what became of the limits, and the faults themselves, against the bar."""
    script: faults.Script = told["script"]
    rows = _judge_ends(out, "", rig, ground)
    out.at_least("limits", len(rows), max(60, round(2000 * scale)))
    closed = [row for row in rows if row[1] in {"met", "cancelled"}]
    out.at_least("ended by closings", len(closed), len(rows) * 0.4)
    out.at_least("worker kills", script.done["worker"], max(2, round(20 * scale)))
    out.at_least("database kills", script.done["database"], max(1, round(2 * scale)))
    out.at_least("share of time without broker", script.share("broker"), 0.4)
    late = [script.lateness(float(row[2]), float(row[3])) for row in rows if row[3]]
    p99 = percentile(late, 0.99)
    if scale >= 1:
        out.at_most("p99 lateness after recovery, s", round(p99, 2), LATEST)
    acted = {act["case"] for act in told["said"] if act["did"] == "done"}
    fired = {row[0] for row in rows if row[1] == "fired"}
    out.figures |= {
        "lateness p50, p99, max": [round(percentile(late, at), 2) for at in (0.5, 0.99, 1.0)],
        "fired, closed": [len(fired), len(closed)],
        "closed after it had fired": len(acted & fired),
        "outages": {
            name: [round(end - start, 1) for start, end in spans]
            for name, spans in script.outages.items()
        },
        "announced within": told["told all"],
        "orphans of killed workers after 2 s": told["orphans"],
    }


def _judge_ends(out: Outcome, when: str, rig: Rig, ground: Field) -> list[tuple[Any, ...]]:
    rows = rig.rows(ENDS, ground.cases)
    fired = [row for row in rows if row[1] == "fired"]
    others = [row for row in rows if row[1] in {"met", "cancelled"}]
    out.at_most(f"{when}missed", sum(row[1] == "open" for row in rows))
    out.at_most(f"{when}fired without escalation", sum(row[4] != 1 or not row[5] for row in fired))
    out.at_most(f"{when}doubled", sum(row[4] > 1 or row[5] > 1 for row in rows))
    out.at_most(f"{when}early", sum(row[3] is not None and row[3] < row[2] for row in rows))
    out.at_most(f"{when}fired after cancel", sum(bool(row[4] or row[5]) for row in others))
    return rows


def _rush(rig: Rig, ground: Field) -> None:
    """Sweep everything at once: the workers, and three more beside them without any broker."""
    closing = _close(rig, ground)
    until = str(max(ground.due.values()) + 3)
    beside = [rig.add("sweeping", ["tests.chaos.sweeping", until]) for _number in range(3)]
    for part in beside:
        part.is_lasting = False
    busy = [part for part, _done in closing] + beside
    rig.tend_until(lambda: not any(part.is_alive() for part in busy), 60)
