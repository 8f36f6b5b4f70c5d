"""What every harness that files needs of the sample: a token, a place, a category, rows due now."""

from __future__ import annotations

import time

from tests.chaos.cluster import Rig
from tests.chaos.http_clients import Partner

PLACE = "阜兴花苑46号楼"
DUE = """
    WITH moved AS (
        UPDATE petitions_deadline d SET due_at = clock_timestamp(), remind_at = clock_timestamp()
        FROM petitions_petition p WHERE p.id = d.petition_id AND d.kind = 'contact'
            AND d.state = 'open' AND p.text = ANY(%s)
        RETURNING d.petition_id, d.due_at
    )
    UPDATE petitions_petition p SET due_at = m.due_at, soon_at = m.due_at
    FROM moved m WHERE m.petition_id = p.id"""
FIRED = """
    SELECT count(*) FROM petitions_deadline d JOIN petitions_petition p ON p.id = d.petition_id
    WHERE d.kind = 'contact' AND d.state = 'fired' AND p.text = ANY(%s)"""


def partner(rig: Rig) -> Partner:
    """Return a partner system of the sample with a fresh token."""
    import django

    django.setup()
    from members import workflow
    from members.models import User

    user = User.objects.get(username="partner")
    token = workflow.issue_token(user=user, days=1, by=None)
    return Partner([web.port for web in rig.webs], token, place(rig))


def place(rig: Rig) -> int:
    """Return the building of the examples."""
    found: int = rig.one("SELECT id FROM grids_area WHERE full_name LIKE %s", f"%{PLACE}")
    return found


def category(rig: Rig) -> int:
    """Return the category of murky water."""
    found: int = rig.one("SELECT id FROM petitions_category WHERE code = 'WS01'")
    return found


def fires_within(rig: Rig, texts: list[str], patience: float) -> float:
    """Let the first limit of these cases end now; return the seconds until all have fired."""
    rig.rows(DUE, texts)
    return awaits(rig, texts, patience)


def awaits(rig: Rig, texts: list[str], patience: float) -> float:
    """Return the seconds until the first limit of all these cases has fired."""
    start = time.monotonic()
    rig.tend_until(lambda: rig.one(FIRED, texts) == len(texts), patience)
    return round(time.monotonic() - start, 1)
