"""Fixtures of the harnesses: API client, place, category, deadlines that pass now."""

from __future__ import annotations

import time

from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import PartnerClient

PLACE = "阜兴花苑46号楼"
DUE = """
    WITH moved AS (
        UPDATE petitions_deadline d SET due_at = clock_timestamp(), remind_at = clock_timestamp()
        FROM petitions_petition p WHERE p.id = d.petition_id AND d.kind = 'contact'
            AND d.state = 'open' AND p.text = ANY(%s)
        RETURNING d.petition_id, d.due_at, d.remind_at
    )
    UPDATE petitions_petition p SET due_at = m.due_at, soon_at = m.remind_at
    FROM moved m WHERE m.petition_id = p.id"""
EXPIRED = """
    SELECT count(*) FROM petitions_deadline d JOIN petitions_petition p ON p.id = d.petition_id
    WHERE d.kind = 'contact' AND d.state = 'fired' AND p.text = ANY(%s)"""


def partner(cluster: Cluster) -> PartnerClient:
    """Return a partner system of the sample with a fresh token."""
    import django

    django.setup()
    from members import workflow
    from members.models import User

    user = User.objects.get(username="partner")
    token = workflow.issue_token(user=user, days=1, by=None)
    return PartnerClient([web.port for web in cluster.webs], token, place(cluster))


def place(cluster: Cluster) -> int:
    """Return the building of the examples."""
    found: int = cluster.scalar("SELECT id FROM grids_area WHERE full_name LIKE %s", f"%{PLACE}")
    return found


def category(cluster: Cluster) -> int:
    """Return the category of murky water."""
    found: int = cluster.scalar("SELECT id FROM petitions_category WHERE code = 'WS01'")
    return found


def expire_within(cluster: Cluster, texts: list[str], timeout: float) -> float:
    """Let the first limit of these cases end now; return the seconds until all have fired."""
    cluster.rows(DUE, texts)
    return seconds_until_expired(cluster, texts, timeout)


def seconds_until_expired(cluster: Cluster, texts: list[str], timeout: float) -> float:
    """Return the seconds until the first limit of all these cases has fired."""
    start = time.monotonic()
    cluster.wait_until(lambda: cluster.scalar(EXPIRED, texts) == len(texts), timeout)
    return round(time.monotonic() - start, 1)
