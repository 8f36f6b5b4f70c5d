"""Grow a database in bulk: cases with their events, deadlines, notes and answers, by SQL alone.

Every new case is a copy of a case of the sample with its whole history, moved in time: a closed one
by whole weeks, up to `YEARS` back; an open one by some hours. So places, states, ages, channels and
the number of events are distributed as in the sample. The triggers of the database are off
meanwhile, so the result is checked afterwards by `petitions.ops.integrity`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, not a constant

YEARS = 10
HOURS = 12
IDS_PER_CASE = 64  # ids reserved for the events and deadlines of one case
RARE = "桂松柏杨柳榆槐桐枫梅兰竹菊荷莲芳春夏秋冬东南西北金银铜铁锡山川河湖海云雷雨雪霜风星月"
"""Two of these characters form a shop name, a word that one case in two thousand contains."""

Say = Callable[[str], None]

COPIES = """
CREATE TABLE bench_copy AS
WITH seed AS (
    SELECT id, created_at, status = ANY(%(final)s) AS is_final, version,
        row_number() OVER (PARTITION BY status = ANY(%(final)s) ORDER BY id) - 1 AS rank,
        count(*) OVER (PARTITION BY status = ANY(%(final)s)) AS seeds
    FROM petitions_petition
), wanted AS (
    SELECT TRUE AS is_final, generate_series(1, %(ended)s) AS number
    UNION ALL SELECT FALSE, generate_series(1, %(open)s)
), moved AS (
    SELECT seed.id AS seed_id, seed.created_at, CASE WHEN is_final
        THEN (1 + floor(random() * %(weeks)s)) * interval '1 week'
        ELSE random() * %(hours)s * interval '1 hour' END AS back,
        substr(%(rare)s, 1 + floor(random() * length(%(rare)s))::int, 1) AS one,
        substr(%(rare)s, 1 + floor(random() * length(%(rare)s))::int, 1) AS two
    FROM wanted JOIN seed USING (is_final) WHERE seed.rank = wanted.number %% seed.seeds
)
SELECT row_number() OVER (ORDER BY created_at - back) AS number, seed_id, back, one, two FROM moved
"""

RANKS = """
CREATE TABLE bench_deadline AS
SELECT id, row_number() OVER (PARTITION BY petition_id ORDER BY id) AS rank FROM petitions_deadline
"""

# How each column of a copy differs from its original (None: the database assigns it).
PETITION: dict[str, str] = {
    "id": "%(petition)s + s.number",
    "uuid": "gen_random_uuid()",
    "tracking_hash": "md5(s.number::text || random()::text) || md5(random()::text)",
    "created_at": "t.created_at - s.back",
    "accepted_at": "t.accepted_at - s.back",
    "resolved_at": "t.resolved_at - s.back",
    "closed_at": "t.closed_at - s.back",
    **{
        name: f"t.{name} - s.back"
        for name in (
            *("due_at", "soon_at", "answer_due_at", "answer_soon_at"),
            *("decision_due_at", "decision_soon_at"),
        )
    },
    "text": "t.text || '在' || s.one || s.two || '店旁边。'",
    "search": "t.search || to_tsvector('simple', concat_ws(' ', s.one, s.two, s.one || s.two))",
}
TASK_ID = "(%(casetask)s + 1) * s.number + {}"
ESCALATION_ID = "(%(escalation)s + 1) * s.number + {}"
EVENT_DATA = f"""t.data - '{{note_digest,feedback_digest,report_digest,photos_digest}}'::text[]
    || CASE WHEN t.data ? 'escalation' THEN jsonb_build_object(
        'escalation', {ESCALATION_ID.format("(t.data->>'escalation')::bigint")}) ELSE '{{}}' END
    || CASE WHEN t.data ? 'task' THEN jsonb_build_object(
        'task', {TASK_ID.format("(t.data->>'task')::bigint")}) ELSE '{{}}' END
    || CASE WHEN t.data ? 'tasks' THEN jsonb_build_object('tasks', (
        SELECT jsonb_agg({TASK_ID.format("task.id::bigint")})
        FROM jsonb_array_elements_text(t.data->'tasks') task (id))) ELSE '{{}}' END"""
EVENT = {
    "data": EVENT_DATA,
    "id": "%(event)s + s.number * %(ids_per_case)s + t.version",
    "petition_id": "%(petition)s + s.number",
    "at": "t.at - s.back",
    "signature": None,  # it covers the columns above
}
TASK = {
    "id": TASK_ID.format("t.id"),
    "petition_id": "%(petition)s + s.number",
    **{name: f"t.{name} - s.back" for name in ("sent_at", "acknowledge_by", "due_at", "ended_at")},
}
DEADLINE = {
    "id": "%(deadline)s + s.number * %(ids_per_case)s + r.rank",
    "petition_id": "%(petition)s + s.number",
    "task_id": TASK_ID.format("t.task_id"),
    **{
        name: f"t.{name} - s.back"
        for name in ("started_at", "remind_at", "due_at", "reminded_at", "ended_at", "settled_at")
    },
}
ESCALATION = {
    "id": ESCALATION_ID.format("t.id"),
    "petition_id": "%(petition)s + s.number",
    "deadline_id": "%(deadline)s + s.number * %(ids_per_case)s + r.rank",
    "created_at": "t.created_at - s.back",
    "answered_at": "t.answered_at - s.back",
}
NOTE = {
    "id": None,
    "petition_id": "%(petition)s + s.number",
    "event_id": "%(event)s + s.number * %(ids_per_case)s + e.version",
}
FEEDBACK = {"id": None, "petition_id": "%(petition)s + s.number", "at": "t.at - s.back"}

TABLES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("petitions_petition", PETITION, "s.seed_id = t.id"),
    ("petitions_event", EVENT, "s.seed_id = t.petition_id"),
    ("petitions_casetask", TASK, "s.seed_id = t.petition_id"),
    (
        "petitions_deadline",
        DEADLINE,
        "s.seed_id = t.petition_id JOIN bench_deadline r ON r.id = t.id",
    ),
    (
        "petitions_escalation",
        ESCALATION,
        "s.seed_id = t.petition_id LEFT JOIN bench_deadline r ON r.id = t.deadline_id",
    ),
    (
        "petitions_note",
        NOTE,
        "s.seed_id = t.petition_id JOIN petitions_event e ON e.id = t.event_id",
    ),
    ("petitions_feedback", FEEDBACK, "s.seed_id = t.petition_id"),
)
OUTBOX = """
INSERT INTO petitions_outbox (event_id, created_at, done_at, attempts)
SELECT id, at, at, 1 FROM petitions_event WHERE id > %(event)s
"""


def grow(
    connection: Connection, *, cases: int, still_open: int, final: list[str], say: Say
) -> None:
    """Grow to about `cases` cases, `still_open` of them open; needs a superuser's connection.

    `final`: the statuses of closed cases. `say` reports the progress.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off;"
            "SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'; SET statement_timeout = 0"
        )
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE NOT status = ANY(%s)) FROM petitions_petition",
            [final],
        )
        present, open_now = cursor.fetchone() or (0, 0)
        values = _highest_ids(cursor) | {
            "final": final,
            "open": max(0, still_open - open_now),
            "ended": max(0, cases - present - max(0, still_open - open_now)),
            "weeks": YEARS * 52 - 53,
            "hours": HOURS,
            "rare": RARE,
            "ids_per_case": IDS_PER_CASE,
        }
        cursor.execute(COPIES, values)
        cursor.execute(RANKS)
        copied = [row for row in TABLES if _exists(cursor, row[0])]
        tables = [table for table, *_rest in copied] + ["petitions_outbox"]
        indexes = _drop_indexes(cursor, tables)
        for table, changed, join in copied:
            cursor.execute(_copy(cursor, table, changed, join), values)
            say(f"  {table}: {cursor.rowcount:,} rows")
        cursor.execute(OUTBOX, values)
        say(f"  petitions_outbox: {cursor.rowcount:,} rows")
        for index in indexes:
            cursor.execute(index)
        say(f"  {len(indexes)} indexes")
        cursor.execute("DROP TABLE bench_copy, bench_deadline")
        for table in tables:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("SET session_replication_role = origin")
        say("  vacuumed and analyzed")


def _highest_ids(cursor: Any) -> dict[str, int]:
    """Return the highest id of each table; the copies get ids above it."""
    highest = {}
    for name in ("petition", "event", "deadline", "casetask", "escalation"):
        highest[name] = 0
        if _exists(cursor, f"petitions_{name}"):
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM petitions_{name}")
            highest[name] = cursor.fetchone()[0]
    return highest


def _exists(cursor: Any, table: str) -> bool:
    """Tell whether the measured version has a table; an earlier one may not."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    return bool(cursor.fetchone()[0])


def _copy(cursor: Any, table: str, changed: dict[str, Any], join: str) -> str:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    names = [row[0] for row in cursor.fetchall()]
    copied = [name for name in names if changed.get(name, "") is not None]
    chosen = ", ".join(changed.get(name, f't."{name}"') for name in copied)
    columns = ", ".join(f'"{name}"' for name in copied)
    source = f"bench_copy s JOIN {table} t ON {join}"
    return f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {source}"


def _drop_indexes(cursor: Any, tables: list[str]) -> list[str]:
    """Drop all indexes except primary keys; return the SQL statements that restore them."""
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = ANY(%s::regclass[]) AND contype = 'u'",
        [tables],
    )
    restore = []
    for table, name, definition in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        restore.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary",
        [tables],
    )
    for name, definition in cursor.fetchall():
        cursor.execute(f'DROP INDEX "{name}"')
        restore.append(definition)
    return restore
