"""Integrity checks of the whole database in SQL, and the replay of cases from their events."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connection

from config.lib.db.timeouts import without_timeouts
from members.accounts import user_names
from petitions.enums import (
    OWED_TASKS,
    CaseLevel,
    DeadlineKind,
    DeadlineState,
    Status,
    TaskState,
    Verb,
)
from petitions.models import Contact, Event, Petition, Photo
from petitions.ops import attached_rows, audit_checks, event_checks
from petitions.ops.audit_checks import AuditFinding, Doubt
from petitions.rules import photos
from petitions.states import FINAL, RECORDED_RULE_OF, RUNNING, TASK_SOURCES

MAX_EXPIRY_DELAY = dt.timedelta(seconds=60)
MAX_PUBLISH_DELAY = dt.timedelta(seconds=30)
CHUNK = 1 << 16

# Each query counts the rows that violate a rule; every count must be 0.
CHECKS: dict[str, str] = {
    "case_without_organisation": """
        SELECT count(*) FROM petitions_petition p
        LEFT JOIN branches_organisation o ON o.id = p.organisation_id WHERE o.id IS NULL""",
    "running_without_limit": """
        SELECT count(*) FROM petitions_petition p
        WHERE p.status = ANY(%(running)s) AND NOT EXISTS (
            SELECT 1 FROM petitions_deadline d
            WHERE d.petition_id = p.id AND d.kind = %(resolution)s AND d.settled_at IS NULL)""",
    "running_without_anything_that_runs": """
        SELECT count(*) FROM petitions_petition p
        WHERE p.status = ANY(%(running)s) AND p.status <> %(returned)s
            AND NOT p.is_answer_owed AND NOT EXISTS (
                SELECT 1 FROM petitions_deadline d
                WHERE d.petition_id = p.id AND d.state = %(open)s
                    AND d.kind IN (%(contact)s, %(resolution)s))""",
    "finished_with_limit": """
        SELECT count(*) FROM petitions_deadline d JOIN petitions_petition p ON p.id = d.petition_id
        WHERE d.settled_at IS NULL AND p.status = ANY(%(final)s)""",
    "due_at_is_not_the_first_limit": """
        SELECT count(*) FROM petitions_petition p
        WHERE p.due_at IS DISTINCT FROM (
            SELECT min(d.due_at) FROM petitions_deadline d
            WHERE d.petition_id = p.id AND d.settled_at IS NULL
                AND d.kind IN (%(contact)s, %(resolution)s))""",
    "due_not_fired": """
        SELECT count(*) FROM petitions_deadline
        WHERE state = %(open)s AND due_at < %(now)s - %(expiry_delay)s""",
    "fired_early": """
        SELECT count(*) FROM petitions_deadline WHERE state = %(fired)s AND ended_at < due_at""",
    "fired_without_escalation": """
        SELECT count(*) FROM petitions_deadline d JOIN petitions_petition p ON p.id = d.petition_id
        WHERE d.state = %(fired)s AND d.kind NOT IN (%(confirmation)s, %(arbitration)s)
            AND p.level <> %(city)s
            AND d.task_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM petitions_escalation e WHERE e.deadline_id = d.id)""",
    "return_without_limit": """
        SELECT count(*) FROM petitions_petition p
        WHERE p.status = %(returned)s AND p.arbiter_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM petitions_deadline d
            WHERE d.petition_id = p.id AND d.kind = %(arbitration)s AND d.settled_at IS NULL
                AND d.organisation_id = p.arbiter_id)""",
    "fired_twice": """
        SELECT count(*) FROM (
            SELECT 1 FROM petitions_escalation WHERE deadline_id IS NOT NULL
            GROUP BY deadline_id HAVING count(*) > 1) doubled""",
    "fired_after_cancel": """
        SELECT count(*) FROM petitions_deadline d
        LEFT JOIN petitions_escalation e ON e.deadline_id = d.id
        WHERE (e.id IS NOT NULL AND d.state <> %(fired)s)
            OR (d.state = %(fired)s AND d.settled_at < d.ended_at)""",
    "events_are_not_the_version": """
        SELECT count(*) FROM petitions_petition p LEFT JOIN (
            SELECT petition_id, count(*) AS events, max(version) AS last
            FROM petitions_event GROUP BY petition_id) e ON e.petition_id = p.id
        WHERE p.version IS DISTINCT FROM e.events OR p.version IS DISTINCT FROM e.last""",
    "last_event_is_not_the_state": """
        SELECT count(*) FROM petitions_petition p
        LEFT JOIN petitions_event e ON e.petition_id = p.id AND e.version = p.version
        WHERE (p.status, p.organisation_id, p.supervisor_id, p.level) IS DISTINCT FROM
            (e.to_status, e.organisation_id, e.supervisor_id, e.level)""",
    "illegal_step": """
        SELECT count(*) FROM (
            SELECT verb, from_status, to_status, coalesce(lag(to_status) OVER (
                PARTITION BY petition_id ORDER BY version), '') AS before
            FROM petitions_event) e
        WHERE e.from_status <> e.before OR NOT EXISTS (
            SELECT 1 FROM petitions_step s WHERE s.verb = e.verb
                AND s.from_status = e.from_status AND s.to_status = e.to_status)""",
    "event_without_outbox": """
        SELECT count(*) FROM petitions_event e
        LEFT JOIN petitions_outbox o ON o.event_id = e.id WHERE o.id IS NULL""",
    "outbox_waiting": """
        SELECT count(*) FROM petitions_outbox
        WHERE done_at IS NULL AND created_at < %(now)s - %(publish_delay)s""",
    "doors_of_an_ended_case": """
        SELECT count(*) FROM petitions_doorvisit d JOIN petitions_petition p ON p.id = d.petition_id
        WHERE p.status = ANY(%(final)s)""",
    "answer_owed_by_nobody": """
        SELECT count(*) FROM petitions_petition p WHERE p.is_answer_owed AND NOT EXISTS (
            SELECT 1 FROM petitions_escalation e
            WHERE e.petition_id = p.id AND e.answered_at IS NULL)""",
    "contact_not_folded": """
        SELECT count(*) FROM petitions_contact WHERE NOT is_folded""",
    "task_without_its_deadlines": """
        SELECT count(*) FROM petitions_casetask t CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE d.kind = %(acknowledge)s) AS acknowledge,
                count(*) FILTER (WHERE d.kind = %(conclude)s) AS conclude
            FROM petitions_deadline d WHERE d.task_id = t.id AND d.settled_at IS NULL) owed
        WHERE owed.acknowledge <> (t.state = %(sent)s)::int
            OR owed.conclude <> (t.state = ANY(%(owed_tasks)s))::int""",
    "task_with_other_deadlines": """
        SELECT count(*) FROM petitions_casetask t JOIN petitions_deadline d ON d.task_id = t.id
        WHERE d.settled_at IS NULL AND d.due_at <>
            CASE d.kind WHEN %(acknowledge)s THEN t.acknowledge_by ELSE t.due_at END""",
    "task_active_in_a_case_that_is_not": """
        SELECT count(*) FROM petitions_casetask t JOIN petitions_petition p ON p.id = t.petition_id
        WHERE t.ended_at IS NULL AND p.status <> ALL(%(running)s)""",
    "doers_are_not_those_of_the_tasks": """
        SELECT count(*) FROM petitions_petition p CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(t.doer_id), '{}') AS doers
            FROM petitions_casetask t WHERE t.petition_id = p.id) tasks
        WHERE NOT (p.doer_ids @> tasks.doers AND p.doer_ids <@ (tasks.doers || p.department_id))
            AND (p.doer_ids <> '{}' OR tasks.doers <> '{}')""",
    "task_changed_without_event": """
        SELECT count(*) FROM petitions_casetask t WHERE t.version <> 1 + (
            SELECT count(*) FROM petitions_event e WHERE e.petition_id = t.petition_id
                AND (e.data->'tasks' @> to_jsonb(t.id) OR (
                    e.verb = ANY(%(task_verbs)s) AND e.data->'task' = to_jsonb(t.id))))""",
    "overdue_task_not_reported_once": """
        SELECT count(*) FROM (
            SELECT task_id, kind, count(*) AS times FROM petitions_deadline
            WHERE state = %(fired)s AND task_id IS NOT NULL GROUP BY task_id, kind) fired
        FULL JOIN (
            SELECT (data->>'task')::bigint AS task_id, data->>'kind' AS kind, count(*) AS times
            FROM petitions_event WHERE verb = %(overdue)s GROUP BY 1, 2) told USING (task_id, kind)
        WHERE fired.times IS DISTINCT FROM told.times""",
    "doubled_key": """
        SELECT count(*) FROM (
            SELECT 1 FROM petitions_idempotencykey
            GROUP BY client, key HAVING count(*) > 1) doubled""",
}


class BrokenHistory(ValueError):
    """The events of a case do not follow each other, or the table of states forbids one."""


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """The state of a case computed from its events."""

    version: int
    status: str
    organisation_id: int
    supervisor_id: int | None
    level: str
    holder_id: int | None

    @classmethod
    def from_row(cls, petition: Petition) -> ReplayedState:
        """Return the state in the columns of the case."""
        return cls(
            petition.version,
            petition.status,
            petition.organisation_id,
            petition.supervisor_id,
            petition.level,
            petition.holder_id,
        )


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """For each check the number of rows that violate it, and the audit's findings in words.

    `cases` are the ids of cases that are not as their events say, for each check that found one.
    """

    counts: dict[str, int]
    findings: list[AuditFinding]
    cases: dict[str, list[int]]


def check(
    now: dt.datetime | None = None, *, with_photos: bool = True, with_audit_trail: bool = True
) -> dict[str, int]:
    """Return for each check the number of rows that violate it; all must be 0.

    `now` is the database's time by default. `with_photos` also reads every photo file on disk,
    `with_audit_trail` every event and every line of the security log.
    """
    return report(now, with_photos=with_photos, with_audit_trail=with_audit_trail).counts


def report(
    now: dt.datetime | None = None, *, with_photos: bool = True, with_audit_trail: bool = True
) -> IntegrityReport:
    """Run the checks as `check` does, and name each row that the audit doubts."""
    with without_timeouts(), connection.cursor() as cursor:
        if now is None:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        parameters = _parameters(now)
        counts: dict[str, int] = {}
        for name, query in CHECKS.items():
            cursor.execute(query, parameters)
            counts[name] = cursor.fetchone()[0]
        doubted = event_checks.check()
        counts |= {name: cases.count for name, cases in doubted.items()}
    counts["user_name_doubled"] = len(user_names.doubled())
    counts["user_name_not_folded"] = len(user_names.not_folded())
    if with_photos:
        counts |= _check_photos()
    findings = audit_checks.check(now) if with_audit_trail else []
    if with_audit_trail:
        doubts = Counter(finding.doubt for finding in findings)
        counts |= {str(doubt): doubts[doubt] for doubt in Doubt}
        for name, case_ids in attached_rows.check().items():
            counts[name] = len(case_ids)
            first = sorted(set(case_ids))[: event_checks.MOST_NAMED]
            doubted[name] = event_checks.DoubtedCases(len(case_ids), first)
    named = {name: cases.ids for name, cases in doubted.items() if cases.ids}
    return IntegrityReport(counts, findings, named)


def explanations() -> list[str]:
    """Return what the counts alone do not say: which user names, and how to fold telephones."""
    lines = [f"one user name in several spellings: {', '.join(n)}" for n in user_names.doubled()]
    lines += [f"user name not folded: {name}" for name in user_names.not_folded()]
    if Contact.objects.filter(is_folded=False).exists():
        lines.append("telephones stored as they were typed: run rotate_contacts")
    return lines


def _parameters(now: dt.datetime) -> dict[str, Any]:
    return {
        "now": now,
        "expiry_delay": MAX_EXPIRY_DELAY,
        "publish_delay": MAX_PUBLISH_DELAY,
        "running": [str(status) for status in RUNNING],
        "final": [str(status) for status in FINAL],
        "open": str(DeadlineState.OPEN),
        "fired": str(DeadlineState.FIRED),
        "contact": str(DeadlineKind.CONTACT),
        "resolution": str(DeadlineKind.RESOLUTION),
        "confirmation": str(DeadlineKind.CONFIRMATION),
        "arbitration": str(DeadlineKind.ARBITRATION),
        "returned": str(Status.RETURNED),
        "city": str(CaseLevel.CITY),
        "acknowledge": str(DeadlineKind.ACKNOWLEDGE),
        "conclude": str(DeadlineKind.CONCLUDE),
        "sent": str(TaskState.SENT),
        "owed_tasks": [str(state) for state in OWED_TASKS],
        "task_verbs": [str(verb) for verb in TASK_SOURCES],
        "overdue": str(Verb.OVERDUE),
    }


def _check_photos() -> dict[str, int]:
    """Compare every photo file on disk with its row; count missing and altered files."""
    missing = altered = 0
    rows = Photo.objects.order_by("id").values_list("name", "sha256", "size")
    for name, sha256, size in rows.iterator():
        path = photos.path_of(name)
        if not path.is_file() or not photos.thumb_of(name).is_file():
            missing += 1
            continue
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        altered += digest.hexdigest() != sha256 or path.stat().st_size != size
    return {"photo_without_file": missing, "photo_altered": altered}


def replay(petition: Petition) -> ReplayedState:
    """Return the state of a case computed from its events alone; raise `BrokenHistory`."""
    return _replayed(petition.events.order_by("version"))


def replay_all() -> list[int]:
    """Replay every case; return the ids of those whose columns differ from their events."""
    petitions = Petition.objects.in_bulk()
    replayed: dict[int, ReplayedState | None] = {}
    for petition_id, events in _by_case():
        try:
            replayed[petition_id] = _replayed(events)
        except BrokenHistory:
            replayed[petition_id] = None
    return sorted(
        pk for pk, row in petitions.items() if replayed.get(pk) != ReplayedState.from_row(row)
    )


def _by_case() -> Iterator[tuple[int, Iterator[Event]]]:
    events = Event.objects.order_by("petition_id", "version").defer("data")
    yield from groupby(events.iterator(chunk_size=2000), key=lambda event: event.petition_id)


def _replayed(events: Iterable[Event]) -> ReplayedState:
    status, version = "", 0
    last: Event | None = None
    for event in events:
        rule = RECORDED_RULE_OF[Verb(event.verb)]
        is_start = event.verb == Verb.FILE and not status
        if event.version != version + 1 or event.from_status != status:
            raise BrokenHistory(f"event {event.version} does not follow event {version}")
        if not is_start and Status(status or Status.SUBMITTED) not in rule.sources:
            raise BrokenHistory(f"{event.verb} is not possible from {status}")
        status, version, last = str(rule.to or status), event.version, event
    if last is None:
        raise BrokenHistory("a case without events")
    return ReplayedState(
        version, status, last.organisation_id, last.supervisor_id, last.level, last.holder_id
    )
