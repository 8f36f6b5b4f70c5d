"""Checks of the whole database after a run: the integrity checks of the product, and more.

Only a harness knows which reports were acknowledged and can compare commit timestamps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tests.chaos.cluster import Cluster

# Commit timestamps are independent of the `now` of the application; events are append-only.
EARLY = """
    SELECT count(*) FROM petitions_deadline d
    JOIN petitions_escalation e ON e.deadline_id = d.id
    JOIN petitions_event v ON v.petition_id = d.petition_id
        AND v.verb = 'escalate' AND (v.data ->> 'escalation')::bigint = e.id
    WHERE pg_xact_commit_timestamp(v.xmin) < d.due_at"""


@dataclass(frozen=True, slots=True)
class AcknowledgedReport:
    """A report whose client received the acknowledgement."""

    petition_id: int
    key: str
    photos: int


def all_checks(cluster: Cluster) -> dict[str, int]:
    """Run all integrity checks and the replay; count escalations before their deadline."""
    import django

    django.setup()
    from django.db import connection

    from petitions.ops import integrity

    connection.close()  # it may be from before the database was killed
    found = integrity.check()
    found["committed_before_due"] = cluster.scalar(EARLY)
    found["not_replayed"] = len(integrity.replay_all())
    return found


def of_acknowledged(cluster: Cluster, acked: Collection[AcknowledgedReport]) -> dict[str, int]:
    """Check the rows of the acknowledged reports."""
    rows: Mapping[int, tuple[bool, int, int]] = {
        row[0]: row[1:]
        for row in cluster.rows(
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
