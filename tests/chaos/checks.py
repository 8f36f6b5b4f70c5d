"""The verdict over the whole database: the product's own questions, and those of the harnesses.

`integrity.verdict()` is what anyone may ask; only a harness knows what was acked, and asks the
database when a row was really committed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tests.chaos.cluster import Rig

# The database's own clock at commit, whatever `now` the application wrote; events never change.
EARLY = """
    SELECT count(*) FROM petitions_deadline d
    JOIN petitions_escalation e ON e.deadline_id = d.id
    JOIN petitions_event v ON v.petition_id = d.petition_id
        AND v.verb = 'escalate' AND (v.data ->> 'escalation')::bigint = e.id
    WHERE pg_xact_commit_timestamp(v.xmin) < d.due_at"""


@dataclass(frozen=True, slots=True)
class Acked:
    """A report whose sender was told that it is filed."""

    petition_id: int
    key: str
    photos: int


def over_everything(rig: Rig) -> dict[str, int]:
    """Ask every question of the product, and whether anything was committed before it was due."""
    import django

    django.setup()
    from django.db import connection

    from petitions.ops import integrity

    connection.close()  # it may have been opened before the database was killed
    found = integrity.check()
    found["committed_before_due"] = rig.one(EARLY)
    found["not_replayed"] = len(integrity.replay_all())
    return found


def of_acked(rig: Rig, acked: Collection[Acked]) -> dict[str, int]:
    """Ask what became of the reports whose senders were told that they are filed."""
    rows: Mapping[int, tuple[bool, int, int]] = {
        row[0]: row[1:]
        for row in rig.rows(
            """SELECT p.id, o.id IS NOT NULL,
                (SELECT count(*) FROM petitions_photo f WHERE f.petition_id = p.id),
                (SELECT count(*) FROM petitions_deadline d WHERE d.petition_id = p.id)
            FROM petitions_petition p
            LEFT JOIN branches_organisation o ON o.id = p.organisation_id
            WHERE p.id = ANY(%s)""",
            [one.petition_id for one in acked],
        )
    }
    by_key: dict[str, set[int]] = {}
    for one in acked:
        by_key.setdefault(one.key, set()).add(one.petition_id)
    there = [(one, rows[one.petition_id]) for one in acked if one.petition_id in rows]
    return {
        "acked_but_missing": len(acked) - len(there),
        "acked_but_unrouted": sum(not row[0] for _one, row in there),
        "acked_without_its_photos": sum(row[1] < one.photos for one, row in there),
        "acked_with_doubled_photos": sum(row[1] > one.photos for one, row in there),
        "acked_without_limits": sum(row[2] < 2 for _one, row in there),
        "one_key_two_cases": sum(len(ids) > 1 for ids in by_key.values()),
    }
