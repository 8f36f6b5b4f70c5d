"""How long the contact of a case that has ended is kept.

Source: PIPL art. 19 and 47; the time stands in the privacy notice.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import F, QuerySet

from petitions.models import Event, Petition
from petitions.states import FINAL

RETENTION = dt.timedelta(days=180)


def recent_ends(now: dt.datetime) -> QuerySet[Event]:
    """Return the events by which cases ended less than 180 days ago.

    What happens after the end and changes no status (a reveal, a rating) does not prolong the time.
    """
    ends = Event.objects.filter(at__gt=now - RETENTION, to_status__in=FINAL)
    return ends.exclude(from_status=F("to_status"))


def is_over(petition: Petition, now: dt.datetime) -> bool:
    """Tell whether the next clean-up deletes any contact of a case.

    At most one query, none for a case that is open or was reported less than 180 days ago.
    """
    if petition.status not in FINAL or petition.created_at > now - RETENTION:
        return False
    return not recent_ends(now).filter(petition=petition).exists()
